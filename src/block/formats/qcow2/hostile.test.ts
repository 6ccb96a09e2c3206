import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { BlockError, type Damage, MemoryDriver, NodeGraph } from '../../index.ts'
import { create, open, qemuImg, temporaryFolder, writing } from './image-fixture.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2-hostile')
/** More by the environment: `VMON_HOSTILE_IMAGES=10000`. */
const images = Number(process.env['VMON_HOSTILE_IMAGES'] ?? 400)

/** Storage that is soon full, as a disk is not: an image that wants much shows. */
class SmallStorage extends MemoryDriver {
  override async truncate(length: number): Promise<void> {
    if (length > 4 * 2 ** 20) throw new BlockError('no-space', 'No space left on device', { length, code: 'ENOSPC' })
    await super.truncate(length)
  }
}

/** Sound images of several kinds, with every kind of table in them. */
async function makeSeeds(): Promise<Uint8Array[]> {
  const seeds: Uint8Array[] = []
  for (const layout of [
    { clusterSize: 512 },
    { clusterSize: 4096, version: 2 },
    { clusterSize: 16384, extendedL2: true, lazyRefcounts: true },
  ] as const) {
    const path = join(folder, `seed${seeds.length}`)
    await create(path, { size: 256 * 1024, ...layout })
    await using image = await open(path)
    await image.node.write(0, new Uint8Array(70_000).fill(1))
    await image.driver.snapshots.create({ name: 'one' })
    await image.node.write(30_000, new Uint8Array(9000).fill(2))
    await image.node.writeZeroes(100_000, 40_000)
    await image.close()
    seeds.push(new Uint8Array(readFileSync(path)))
  }
  return seeds
}

/** Uses an image in every way. Nothing but BlockErrors may come of it. */
async function use(bytes: Uint8Array): Promise<void> {
  await using graph = new NodeGraph()
  const storage = graph.add(new SmallStorage(bytes), { name: 'storage' })
  const holder = await storage.attach({ description: 'a holder' })
  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      assert.ok(error instanceof BlockError, String((error as Error).stack))
      return false
    }
  }
  for (const readOnly of [true, false]) {
    await attempt(async () => {
      const node = await graph.open({
        options: { driver: 'qcow2', file: 'storage', backing: null, discard: 'on' },
        readOnly,
      })
      const access = readOnly ? ({ uses: ['read'], shares: [] } as const) : writing
      const user = await node.attach({ description: 'a user', access })
      const length = Math.min(node.length, 300_000)
      await attempt(() => node.read(0, length))
      await attempt(() => node.status(0, node.length))
      await attempt(() => node.driver.check!({}))
      if (!readOnly) {
        await attempt(() => node.write(0, new Uint8Array(Math.min(length, 50_000)).fill(3)))
        await attempt(() => node.discard(0, length))
        await attempt(() => node.writeZeroes(0, length))
        await attempt(() => node.flush())
        await attempt(() => node.driver.snapshots!.create({ name: 'two' }))
        for (const { id } of node.driver.snapshots!.list.slice(0, 3)) {
          await attempt(() => node.driver.snapshots!.apply(id))
          await attempt(() => node.driver.snapshots!.delete(id))
        }
        await attempt(() => node.driver.check!({ repair: 'all' }))
        await attempt(() => node.write(0, new Uint8Array(Math.min(length, 50_000)).fill(4)))
      }
      await attempt(() => user.detach())
    })
  }
  await holder.detach()
}

const words = [0, 1, 2, 0xff, 0x1ff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x4000_0000, 0xc000_0000]

test('an image with any field changed gives errors or bytes, in little time and memory', async () => {
  const seeds = await makeSeeds()
  for (const seed of seeds) await use(seed.slice())
  const change = fc.oneof(
    // The header, word by word; then anything anywhere.
    fc.record({ at: fc.nat(27).map((word) => word * 4), value: fc.oneof(fc.constantFrom(...words), fc.nat()) }),
    fc.record({ at: fc.nat(2 ** 24), value: fc.oneof(fc.constantFrom(...words), fc.nat(2 ** 31)) }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.nat(seeds.length - 1),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (seed, changes, toTables) => {
        const bytes = seeds[seed]!.slice()
        const view = new DataView(bytes.buffer)
        for (const { at, value } of changes) {
          // Tables are few words among many: half of the images have the words of one exchanged.
          const length = toTables ? Math.min(bytes.length, 16 * 4096) : bytes.length
          const offset = at < 112 ? at : Math.floor((at % (length - 4)) / 4) * 4
          view.setUint32(offset, value)
        }
        await use(bytes)
      },
    ),
    { numRuns: images, includeErrorInReport: true },
  )
  const { arrayBuffers } = process.memoryUsage()
  assert.ok(arrayBuffers < 600 * 2 ** 20, `${arrayBuffers} bytes in use`)
})

test('a table entry that points at a table does not let the guest write there', async () => {
  const path = join(folder, 'overlap')
  await create(path, { size: 2 ** 20, clusterSize: 512 })
  await using image = await open(path)
  await image.node.write(0, new Uint8Array(512).fill(1))
  await image.close()
  const bytes = new Uint8Array(readFileSync(path))
  const view = new DataView(bytes.buffer)
  const l2 = Number(view.getBigUint64(Number(view.getBigUint64(40))) & 0x00ff_ffff_ffff_ff00n)
  for (const [target, kind] of [
    [Number(view.getBigUint64(40)), 'active L1 table'],
    [Number(view.getBigUint64(48)), 'refcount table'],
    [l2, 'active L2 table'],
  ] as const) {
    const hostile = bytes.slice()
    new DataView(hostile.buffer).setBigUint64(l2, 0x8000_0000_0000_0000n | BigInt(target))
    const damage: Damage[] = []
    const warnings: string[] = []
    await using graph = new NodeGraph({
      warn: (text) => warnings.push(text),
      damaged: (_node, report) => damage.push(report),
    })
    const storage = graph.add(new SmallStorage(hostile), { name: 'storage' })
    const node = await graph.open({ options: { driver: 'qcow2', file: 'storage' } })
    const user = await node.attach({ description: 'a guest', access: writing })
    await assert.rejects(node.write(0, new Uint8Array(512).fill(9)), { kind: 'io', context: { code: 'EIO' } })
    const message = `Preventing invalid write on metadata (overlaps with ${kind})`
    assert.deepEqual(damage, [{ message, fatal: true, range: { offset: target, length: 512 } }])
    assert.deepEqual(warnings, [
      `qcow2: Marking image as corrupt: ${message}; further corruption events will be suppressed`,
    ])
    await assert.rejects(node.read(0, 1), { kind: 'io' })
    assert.equal((await storage.read(79, 1))[0], 2, 'the image says that it is damaged')
    await user.detach()
  }
})

/** Fields of the header, and values that QEMU refuses. */
const refused: readonly (readonly [name: string, offset: number, ...bytes: number[]])[] = [
  ['magic', 0, 0],
  ['version', 4, 0, 0, 0, 4],
  ['cluster bits, too few', 20, 0, 0, 0, 8],
  ['cluster bits, too many', 20, 0, 0, 0, 22],
  ['backing file offset', 8, 0, 0, 0, 1],
  ['backing file length', 14, 2, 0, 0, 0, 4, 0],
  ['refcount order', 96, 0, 0, 0, 7],
  ['header length, too short', 100, 0, 0, 0, 100],
  ['header length, too long', 100, 0, 1, 0, 1],
  ['unknown incompatible feature', 72, 0, 0, 0x80],
  ['known and unknown features', 72, 0, 0, 0, 0, 0, 0, 0, 0xe1],
  ['L1 size, too large', 36, 0x10, 0, 0, 0],
  ['L1 size, too small', 36, 0, 0, 0, 0],
  ['L1 offset, unaligned', 47, 1],
  ['refcount table, unaligned', 55, 1],
  ['refcount table, too large', 56, 0x10, 0, 0, 0],
  ['refcount table, none', 56, 0, 0, 0, 0],
  ['snapshots, too many', 60, 0, 1, 0, 1],
  ['snapshots, unaligned', 60, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1],
  ['size, too large', 24, 0x40],
  ['encryption', 32, 0, 0, 0, 9],
  ['compression type without feature', 104, 1],
  ['feature without compression type', 79, 8],
  ['header extension', 116, 0xff],
]

for (const [name, offset, ...bytes] of refused) {
  test(`a header is refused in QEMU's words: ${name}`, { skip }, async () => {
    const path = join(folder, 'refused')
    await create(path, { size: 2 ** 20 })
    const image = readFileSync(path)
    image.set(bytes, offset)
    writeFileSync(path, image)
    const { out } = await qemuImg('info', '-f', 'qcow2', path)
    const theirs = out.split('\n')[0]!.replace(`qemu-img: Could not open '${path}': `, '')
    await using graph = new NodeGraph()
    await assert.rejects(graph.open({ filename: path, readOnly: true, options: { driver: 'qcow2' } }), {
      message: theirs,
    })
  })
}
