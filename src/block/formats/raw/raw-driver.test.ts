import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { type BlockNode, NodeGraph } from '../../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-raw-'))
const image = join(folder, 'disk.raw')
beforeEach(() => writeFileSync(image, new Uint8Array(4096)))
after(() => rmSync(folder, { recursive: true }))

const qcow2Header = Buffer.concat([Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'), Buffer.alloc(504)])

async function using(
  format: string | undefined,
  run: (node: BlockNode, warnings: string[]) => Promise<void>,
): Promise<void> {
  const warnings: string[] = []
  const graph = new NodeGraph({ warn: (text) => warnings.push(text) })
  const node = await graph.open({ filename: image, ...(format === undefined ? {} : { options: { driver: format } }) })
  const writer = await node.attach({ description: 'a writer', access: { uses: ['read', 'write'], shares: [] } })
  await run(node, warnings)
  await writer.detach()
}

test('a guest cannot turn an image whose format was guessed into another format', () =>
  using(undefined, async (node, warnings) => {
    assert.deepEqual(warnings, [
      `WARNING: Image format was not specified for '${image}' and probing guessed raw.\n` +
        '         Automatically detecting the format is dangerous for raw images, write operations on block 0 will be restricted.\n' +
        "         Specify the 'raw' format explicitly to remove the restrictions.",
    ])
    const refused = { kind: 'permission', context: { filename: image, offset: 0, code: 'EPERM' } }
    await assert.rejects(node.write(0, qcow2Header), refused)
    await assert.rejects(
      node.write(
        0,
        new Uint8Array(4096).fill(0).map((_, index) => qcow2Header[index] ?? 1),
      ),
      refused,
    )
    assert.deepEqual(readFileSync(image), Buffer.alloc(4096))
  }))

test('nor piece by piece', () =>
  using(undefined, async (node) => {
    await node.write(4, qcow2Header.subarray(4, 8))
    await node.write(0, qcow2Header.subarray(0, 3))
    await assert.rejects(node.write(3, qcow2Header.subarray(3, 4)), { kind: 'permission' })
    assert.equal(readFileSync(image)[3], 0)
  }))

test('other writes to the first sector of such an image pass', () =>
  using(undefined, async (node) => {
    const bootSector = new Uint8Array(1024).fill(0x90)
    await node.write(0, bootSector)
    await node.write(510, Uint8Array.of(0x55, 0xaa))
    assert.deepEqual(readFileSync(image).subarray(509, 513), Buffer.of(0x90, 0x55, 0xaa, 0x90))
    await node.write(512, qcow2Header)
  }))

test('a guest may write what it likes to an image that the user called raw', () =>
  using('raw', async (node, warnings) => {
    assert.deepEqual(warnings, [])
    await node.write(0, qcow2Header)
    assert.deepEqual(readFileSync(image).subarray(0, 512), qcow2Header)
  }))

test('a window of a file keeps to its window', async () => {
  const graph = new NodeGraph()
  const node = await graph.open({ filename: image, options: { driver: 'raw', offset: '1k', size: '1024' } })
  const writer = await node.attach({ description: 'a writer', access: { uses: ['write', 'resize'], shares: [] } })
  await node.write(0, new Uint8Array(1024).fill(5))
  await assert.rejects(node.write(1024, new Uint8Array(1)), { kind: 'range' })
  // What would need more room, as an image of a format does, finds none.
  const grow = { grow: true }
  await assert.rejects(node.write(1024, new Uint8Array(512), grow), {
    kind: 'no-space',
    message: 'No space left on device',
  })
  await assert.rejects(node.truncate(2048), { kind: 'unsupported', message: 'Cannot resize fixed-size raw disks' })
  await writer.detach()
  const expected = Buffer.alloc(4096)
  expected.fill(5, 1024, 2048)
  assert.deepEqual(readFileSync(image), expected)
})
