import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import type { DebugEvent } from '../../graph/debug-events.ts'
import { BlockError, type BlockNode, createImage, NodeGraph } from '../../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-failing-steps-'))
after(() => rmSync(folder, { recursive: true }))
const [kib, mib] = [2 ** 10, 2 ** 20]
const [backingSize, size] = [mib, 4 * mib]

const writing = { description: 'a test', access: { uses: ['read', 'write', 'resize'], shares: [] } } as const
const backing = join(folder, 'backing')
const backed = (async () => {
  await createImage(new NodeGraph(), { filename: backing, format: 'raw', size: backingSize })
  await using graph = new NodeGraph()
  const node = await graph.open({ filename: backing, options: { driver: 'raw' } })
  const user = await node.attach(writing)
  await node.write(0, new Uint8Array(backingSize).fill(1))
  await user.detach()
})()

/** Small clusters and large counts, so that every kind of table grows. */
const small = { cluster_size: '512', refcount_bits: '64' }

/** What is done to an image; each step can be done again after it has failed. */
type Step = (node: BlockNode, guest: Uint8Array) => Promise<void>

const put =
  (offset: number, length: number, value: number): Step =>
  async (node, guest) => {
    guest.fill(value, offset, offset + length)
    await node.write(offset, guest.subarray(offset, offset + length))
  }
const look: Step = async (node, guest) => {
  assert.deepEqual(Buffer.compare(await node.read(0, guest.byteLength), guest), 0)
}
const flush: Step = (node) => node.flush()
const drop: Step = async (node, guest) => {
  guest.fill(0, 2 * mib, 2 * mib + 64 * kib)
  await node.writeZeroes(2 * mib, 64 * kib, { unmap: true })
}
const deflate: Step = async (node, guest) => {
  const { clusterSize } = await node.details()
  const length = Math.max(64 * kib, clusterSize!)
  guest.fill(9, 3 * mib, 3 * mib + length)
  await node.driver.writeCompressed!(3 * mib, guest.subarray(3 * mib, 3 * mib + length))
}
const snapshot: Step = async (node) => {
  if (node.driver.snapshots!.list.length === 0) await node.driver.snapshots!.create({ name: 's' })
}
const grow: Step = (node) => node.truncate(64 * mib)

const steps: readonly Step[] = [
  put(1000, 100, 2),
  put(2 * mib, mib + 512, 3),
  flush,
  drop,
  flush,
  deflate,
  flush,
  snapshot,
  put(2 * mib, 128 * kib, 4),
  grow,
  flush,
  look,
]

async function opened(graph: NodeGraph, filename: string, event?: DebugEvent): Promise<BlockNode> {
  const rule = event === undefined ? {} : { 'inject-error.0.event': event, 'inject-error.0.once': true }
  const below = Object.entries(rule).map(([name, value]) => [`file.${name}`, value])
  const file = { 'file.driver': 'blkdebug', 'file.image.filename': filename, ...Object.fromEntries(below) }
  return graph.open({
    options: { driver: 'qcow2', 'backing.driver': 'raw', 'backing.file.filename': backing, ...file },
  })
}

/** Does a step, and once more if it fails: how often it failed. */
async function insist(step: Step, node: BlockNode, guest: Uint8Array): Promise<number> {
  try {
    await step(node, guest)
    return 0
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    assert.equal(error.kind, 'io')
    assert.match(error.message, /^(Failed to grow the L1 table: )?Input\/output error$/)
    await step(node, guest)
    return 1
  }
}

const events: readonly (readonly [DebugEvent, Readonly<Record<string, string>>])[] = [
  ['read_aio', small],
  ['read_backing_aio', { cluster_size: '65536' }],
  ['read_compressed', small],
  ['write_aio', small],
  ['write_compressed', small],
  ['cow_read', small],
  ['cow_write', { cluster_size: '1048576' }],
  ['cluster_alloc', small],
  ['cluster_alloc_bytes', small],
  ['cluster_free', small],
  ['l2_load', small],
  ['l2_alloc_cow_read', small],
  ['l2_update', small],
  ['l1_update', small],
  ['l1_grow_alloc_table', small],
  ['l1_grow_write_table', small],
  ['l1_grow_activate_table', small],
  ['refblock_load', small],
  ['refblock_update_part', small],
  ['refblock_alloc_hookup', small],
  ['refblock_alloc_write_table', small],
  ['refblock_alloc_switch_table', small],
  ['flush_to_os', small],
  ['flush_to_disk', small],
]

for (const [event, options] of events) {
  test(`an error at ${event} leaves the image sound; the step can be done again, and nothing is lost`, {
    skip: missingProgram('qemu-img'),
  }, async () => {
    await backed
    const filename = join(folder, event)
    const named = { filename: backing, format: 'raw' }
    await createImage(new NodeGraph(), { filename, format: 'qcow2', size, backing: named, options })
    const guest = new Uint8Array(size)
    guest.fill(1, 0, backingSize)
    let failed = 0
    // What has been in memory must be read again by those who open the image a second time.
    for (const half of [0, 1]) {
      await using graph = new NodeGraph()
      const node = await opened(graph, filename, failed === 0 ? event : undefined)
      const user = await node.attach(writing)
      for (const step of half === 0 ? steps : failed === 0 ? [look, ...steps] : [look])
        failed += await insist(step, node, guest)
      await user.detach()
    }
    assert.ok(failed > 0, 'nothing failed')
    const { status, stdout } = spawnSync('qemu-img', ['check', '-f', 'qcow2', filename], { encoding: 'utf8' })
    assert.ok(status === 0 || status === 3, stdout)
  })
}

test('an error at reftable_load is told, and the image opens the next time', async () => {
  await backed
  const filename = join(folder, 'reftable_load')
  await createImage(new NodeGraph(), { filename, format: 'qcow2', size })
  await using graph = new NodeGraph()
  await assert.rejects(opened(graph, filename, 'reftable_load'), { kind: 'io', message: 'Input/output error' })
  assert.deepEqual([...graph.nodes], [])
  assert.equal((await opened(graph, filename)).length, size)
})
