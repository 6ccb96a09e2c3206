import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { deferred } from '../../async/index.ts'
import { createImage } from '../create/create-image.ts'
import type { BlockNode } from './node.ts'
import { NodeGraph } from './node-graph.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-saving-'))
after(() => rmSync(folder, { recursive: true }))
const uses = { uses: ['read', 'write', 'resize'], shares: ['read'] } as const

/** An image that is open for writing, in a file of that name. */
async function open(graph: NodeGraph, name: string, options: Record<string, string> = {}): Promise<BlockNode> {
  const filename = join(folder, name)
  await createImage(graph, { filename, format: 'qcow2', size: 2 ** 20 })
  return graph.open({ filename, options: { driver: 'qcow2', ...options }, readOnly: false })
}

/** What the file has of the image now, as a process would find it after this one. */
async function firstByte(name: string): Promise<number> {
  const filename = join(folder, `${name}.copy`)
  copyFileSync(join(folder, name), filename)
  await using graph = new NodeGraph()
  const node = await graph.open({ filename, options: { driver: 'qcow2' }, readOnly: true })
  const hold = await node.attach({ description: 'test', access: { uses: ['read'], shares: ['read'] } })
  const [byte] = await node.read(0, 1)
  await hold.detach()
  return byte!
}

test('a flush brings what memory holds to the file, also where nothing waits for the disk', async () => {
  await using graph = new NodeGraph()
  const node = await open(graph, 'unsafe', { 'cache.no-flush': 'on' })
  const hold = await node.attach({ description: 'test', access: uses })
  await node.write(0, Uint8Array.of(1))
  assert.equal(await firstByte('unsafe'), 0)
  await node.flush()
  assert.equal(await firstByte('unsafe'), 1)
  await hold.detach()
})

test('what has been written is saved although its node waits, and while it closes', async () => {
  await using graph = new NodeGraph()
  const node = await open(graph, 'waiting')
  const hold = await node.attach({ description: 'test', access: uses })
  await node.write(0, Uint8Array.of(1))
  const stuck = deferred<void>()
  const drained = node.drained(() => stuck.promise)
  const waiting = node.write(0, Uint8Array.of(2))
  assert.deepEqual(await graph.save(), [])
  assert.equal(await firstByte('waiting'), 1)
  stuck.resolve()
  await Promise.all([drained, waiting])
  for (let at = 0; at < 2 ** 20; at += 65536) await node.write(at, Uint8Array.of(3))
  const closed = hold.detach()
  assert.deepEqual(await graph.save(), [])
  await closed
  assert.equal(await firstByte('waiting'), 3)
  assert.deepEqual(await graph.save(), [])
})
