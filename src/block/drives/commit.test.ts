import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import {
  connectPcDrives,
  createImage,
  type Drive,
  DriveSet,
  driveFromOptions,
  GraphControl,
  NodeGraph,
} from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-commit-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0
const fresh = (): string => join(folder, `image${count++}`)
const block = 512

interface Scene extends AsyncDisposable {
  readonly control: GraphControl
  readonly disk: Drive
  /** What the base holds, read without the image above. */
  base(): Promise<Uint8Array>
}

interface SceneOptions {
  readonly sizes?: readonly [base: number, top: number]
  readonly format?: 'raw' | 'qcow2'
  /** Options of the upper image's file, by dotted keys. */
  readonly file?: Readonly<Record<string, string>>
}

/** A disk of the guest's in qcow2 format over another image. */
async function scene({ sizes = [2 ** 20, 2 ** 20], format = 'qcow2', file = {} }: SceneOptions = {}): Promise<Scene> {
  const [base, top] = [fresh(), fresh()]
  await createImage(new NodeGraph(), { filename: base, format, size: sizes[0] })
  const backing = { filename: base, format }
  await createImage(new NodeGraph(), { filename: top, format: 'qcow2', size: sizes[1], backing })
  const drives = new DriveSet()
  const source = Object.keys(file).length === 0 ? { file: top } : { 'file.image.filename': top, ...file }
  const disk = await drives.add(driveFromOptions({ ...source, format: 'qcow2', id: 'disk' }))
  await connectPcDrives(drives, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
  return {
    control: new GraphControl(drives),
    disk,
    async base() {
      const node = disk.node!.child('backing')!
      return node.read(0, node.length)
    },
    [Symbol.asyncDispose]: () => drives.close(),
  }
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)
const whole = (disk: Drive): Promise<Uint8Array> => disk.medium!.read(0, disk.medium!.byteLength)
const isBacked = async (disk: Drive): Promise<boolean> =>
  (await disk.node!.status(0, disk.medium!.byteLength)).allocated === false

test('what any writes have left goes down, and nothing of it stays above', async () => {
  const writes = fc.array(fc.tuple(fc.nat(2047), fc.integer({ min: 1, max: 300 }), fc.nat(255)), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(writes, fc.constantFrom('raw', 'qcow2'), fc.boolean(), async (list, format, grows) => {
      const sizes = [grows ? 2 ** 19 : 2 ** 20, 2 ** 20] as const
      await using s = await scene({ sizes, format })
      const model = new Uint8Array(2 ** 20)
      for (const [at, blocks, value] of list) {
        const length = Math.min(blocks, 2048 - at) * block
        await s.disk.medium!.write(at * block, filled(length, value))
        model.fill(value, at * block, at * block + length)
      }
      await s.control.commit('disk')
      assert.ok(Buffer.from(model).equals(await whole(s.disk)))
      assert.ok(Buffer.from(model).equals(await s.base()))
      assert.ok(await isBacked(s.disk))
      assert.equal(s.disk.node!.child('backing')!.readOnly, true)
    }),
    { numRuns: 15 },
  )
})

test('what the guest writes meanwhile waits, and is written above', async () => {
  await using s = await scene()
  await s.disk.medium!.write(0, filled(2 ** 20, 1))
  const committed = s.control.commit('disk')
  const written = s.disk.medium!.write(0, filled(block, 2))
  await Promise.all([committed, written])
  assert.deepEqual([(await s.base())[0], (await whole(s.disk))[0], (await whole(s.disk))[block]], [1, 2, 1])
})

test('one that fails on the way leaves the image as the guest sees it', async () => {
  const file = { 'file.driver': 'blkdebug', 'file.inject-error.0.event': 'read_aio', 'file.inject-error.0.once': 'on' }
  await using s = await scene({ file })
  await s.disk.medium!.write(0, filled(2 ** 20, 1))
  await assert.rejects(s.control.commit('disk'), { kind: 'io', message: 'Input/output error' })
  assert.ok(Buffer.from(filled(2 ** 20, 1)).equals(await whole(s.disk)))
  await s.control.commitAll()
  assert.ok(await isBacked(s.disk))
  assert.ok(Buffer.from(filled(2 ** 20, 1)).equals(await s.base()))
})
