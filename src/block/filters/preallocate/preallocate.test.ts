import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createImage } from '../../create/create-image.ts'
import { NodeGraph } from '../../graph/node-graph.ts'

const mebibyte = 2 ** 20
const folder = mkdtempSync(join(tmpdir(), 'vmon-preallocate-'))
after(() => rmSync(folder, { recursive: true }))

const sizeOf = (filename: string): number => statSync(filename).size
const access = { uses: ['read', 'write', 'resize'], shares: ['read'] } as const

test('room is taken beforehand, nobody above sees it, and what was too much is given back', async () => {
  const filename = join(folder, 'disk')
  await createImage(new NodeGraph(), { filename, format: 'qcow2', size: 16 * mebibyte })
  const graph = new NodeGraph()
  const options = {
    driver: 'qcow2',
    'file.driver': 'preallocate',
    'file.prealloc-size': 8 * mebibyte,
    'file.prealloc-align': 3 * mebibyte,
    'file.file.filename': filename,
  }
  const node = await graph.open({ options })
  const user = await node.attach({ description: 'a writer', access })
  assert.ok(sizeOf(filename) < mebibyte)
  await Promise.all([...Array(16).keys()].map((at) => node.write(at * 65536, Buffer.alloc(65536, at + 1))))
  assert.equal(sizeOf(filename), 9 * mebibyte)
  assert.ok(node.child('file')!.length < 2 * mebibyte)
  await user.update({ uses: ['read'], shares: ['read'] })
  const { name: _, ...settings } = node.settings
  await node.reconfigure({ ...settings, readOnly: true, given: node.given })
  assert.ok(sizeOf(filename) < 2 * mebibyte)
  await node.reconfigure({ ...settings, readOnly: false, given: node.given })
  await user.update(access)
  await node.write(2 * mebibyte, Buffer.alloc(mebibyte, 9))
  assert.ok(sizeOf(filename) >= 9 * mebibyte)
  await user.detach()
  assert.ok(sizeOf(filename) < 3 * mebibyte)
  execFileSync('qemu-img', ['check', '-q', filename])
  const raw = execFileSync('qemu-img', [
    'dd',
    '-O',
    'raw',
    'bs=64k',
    'count=16',
    `if=${filename}`,
    `of=${filename}.raw`,
  ])
  assert.equal(raw.toString(), '')
})

test('a file that is made longer on purpose is as long as that', async () => {
  const filename = join(folder, 'raw')
  writeFileSync(filename, Buffer.alloc(65536))
  const graph = new NodeGraph()
  const node = await graph.open({ options: { driver: 'preallocate', 'file.filename': filename } })
  const user = await node.attach({ description: 'a writer', access })
  await node.write(65536, Buffer.alloc(4096, 1), { grow: true })
  assert.deepEqual([node.length, sizeOf(filename)], [69632, 129 * mebibyte])
  await node.truncate(mebibyte)
  assert.deepEqual([node.length, sizeOf(filename)], [mebibyte, mebibyte])
  assert.deepEqual([...new Set(await node.read(69632, mebibyte - 69632))], [0])
  await user.detach()
  assert.equal(sizeOf(filename), mebibyte)
})

test('an alignment that fits no sector is refused', async () => {
  const filename = join(folder, 'none')
  writeFileSync(filename, Buffer.alloc(512))
  const graph = new NodeGraph()
  await assert.rejects(
    graph.open({ options: { driver: 'preallocate', 'prealloc-align': 100, 'file.filename': filename } }),
    { message: 'prealloc-align parameter of preallocate filter is not aligned to 512' },
  )
  assert.deepEqual([...graph.nodes], [])
})
