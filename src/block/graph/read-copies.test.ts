import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createImage } from '../create/create-image.ts'
import { driveFromOptions } from '../drives/drive-options.ts'
import { DriveSet } from '../drives/drive-set.ts'
import { NodeGraph } from './node-graph.ts'

const cluster = 65536
const size = 16 * cluster
const folder = mkdtempSync(join(tmpdir(), 'vmon-read-copies-'))
const file = (name: string): string => join(folder, name)

before(async () => {
  const graph = new NodeGraph()
  await createImage(graph, { filename: file('base'), format: 'qcow2', size })
  await using user = await writing(graph, 'base')
  for (let at = 0; at < size / 2; at += cluster) await user.node.write(at, Buffer.alloc(cluster, 1 + at / cluster))
})

after(() => rmSync(folder, { recursive: true }))

async function writing(graph: NodeGraph, name: string, copyReads = false) {
  const node = await graph.open({ filename: file(name), options: { driver: 'qcow2' }, copyReads })
  const access = { uses: ['read', 'write', 'resize'], shares: ['read'] } as const
  const user = await node.attach({ description: 'test', access })
  return { node, [Symbol.asyncDispose]: () => user.detach() }
}

async function overlay(name: string): Promise<void> {
  await createImage(new NodeGraph(), { filename: file(name), format: 'qcow2', backing: { filename: 'base' } })
}

test('what is read from behind is there afterwards, and what was not read is not', async () => {
  await overlay('top')
  {
    await using user = await writing(new NodeGraph(), 'top', true)
    const bytes = await user.node.read(cluster + 512, 2 * cluster)
    assert.deepEqual([bytes[0], bytes.at(-1)], [2, 4])
    assert.equal((await user.node.read(9 * cluster, cluster))[0], 0)
  }
  const map = JSON.parse(`${execFileSync('qemu-img', ['map', '-f', 'qcow2', '--output=json', file('top')])}`)
  const own = map.filter(({ depth }: { depth: number }) => depth === 0)
  assert.deepEqual(
    own.map(({ start, length, zero }: { start: number; length: number; zero: boolean }) => [start, length, zero]),
    [
      [cluster, 3 * cluster, false],
      [9 * cluster, cluster, true],
    ],
  )
  execFileSync('qemu-img', ['check', '-q', file('top')])
})

test('a copy never takes the place of what is written meanwhile', async () => {
  await overlay('raced')
  await using user = await writing(new NodeGraph(), 'raced', true)
  for (let round = 0; round < 8; round++) {
    const at = round * cluster
    await Promise.all([
      user.node.read(at, cluster),
      user.node.write(at + 4096, Buffer.alloc(8192, 0xaa)),
      user.node.read(at + 4096, 4096),
      user.node.writeZeroes(at + 32768, 4096),
    ])
    const bytes = await user.node.read(at, cluster)
    assert.deepEqual([...new Set(bytes.subarray(4096, 12288))], [0xaa])
    assert.deepEqual([...new Set(bytes.subarray(32768, 36864))], [0])
    assert.deepEqual([...new Set(bytes.subarray(36864))], [1 + round])
  }
})

test('nothing is copied while only readers are there, or into an image that is read only', async () => {
  await overlay('still')
  const graph = new NodeGraph()
  const node = await graph.open({ filename: file('still'), copyReads: true })
  const reader = await node.attach({ description: 'test', access: { uses: ['read'], shares: ['read'] } })
  assert.equal((await node.read(0, 1))[0], 1)
  assert.equal((await node.status(0, cluster)).allocated, false)
  await reader.detach()
  await assert.rejects(graph.open({ filename: file('still'), copyReads: true, readOnly: true }), {
    message: "Can't use copy-on-read on read-only device",
  })
  await graph.close()
  assert.deepEqual([...graph.nodes], [])
})

test('a drive has it by copy-on-read=on, over a throwaway image too, and one that is read only goes without', async () => {
  await overlay('disk')
  await using drives = new DriveSet()
  const add = (options: Record<string, string>) =>
    drives.add(driveFromOptions({ if: 'none', file: file('disk'), 'copy-on-read': 'on', ...options }))
  const drive = await add({ id: 'd0' })
  assert.equal(drive.node!.copiesReads, true)
  await drives.delete('d0')
  const thrown = await add({ id: 'd1', snapshot: 'on' })
  assert.deepEqual([thrown.node!.copiesReads, thrown.node!.behind!.copiesReads], [true, false])
  await drives.delete('d1')
  assert.equal((await add({ id: 'd2', readonly: 'on' })).node!.copiesReads, false)
})

test('users hear that a drive that is read only goes without copy-on-read', () => {
  const warnings = (options: Record<string, string>): string[] => {
    const heard: string[] = []
    driveFromOptions({ 'copy-on-read': 'on', ...options }, { warn: (text) => heard.push(text) })
    return heard
  }
  const text = 'disabling copy-on-read on read-only drive'
  assert.deepEqual([{ readonly: 'on' }, { media: 'cdrom' }, {}].map(warnings), [[text], [text], []])
})
