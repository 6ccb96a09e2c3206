import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../../../test/oracle/peers.ts'
import { BlockError, type CheckResult, MemoryDriver, NodeGraph, type Repair } from '../../../index.ts'
import { create, open, temporaryFolder, writing } from '../image-fixture.ts'
import { type Damage, damage, damages, structureOf } from './damaged-images.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2-damaged')
/** More by the environment: `VMON_DAMAGED_IMAGES=10000`. */
const images = Number(process.env['VMON_DAMAGED_IMAGES'] ?? 240)
/** One image in so many is looked at by qemu-img, too. */
const sample = Number(process.env['VMON_DAMAGED_SAMPLE'] ?? 8)
const guestSize = 192 * 1024

interface Layout {
  readonly clusterSize: number
  readonly version?: 2 | 3
  readonly refcountBits?: number
  readonly extendedL2?: boolean
  readonly snapshots: number
  readonly bitmap?: boolean
}

const layouts: readonly Layout[] = [
  { clusterSize: 512, snapshots: 2 },
  { clusterSize: 4096, version: 2, snapshots: 1 },
  { clusterSize: 16384, extendedL2: true, snapshots: 1 },
  { clusterSize: 1024, refcountBits: 1, snapshots: 0 },
  { clusterSize: 512, refcountBits: 64, snapshots: 1 },
  { clusterSize: 8192, snapshots: 1, bitmap: true },
]

async function makeSound(layout: Layout): Promise<Uint8Array> {
  const path = join(folder, 'sound')
  await create(path, { size: guestSize, ...layout })
  {
    await using image = await open(path)
    const { node, driver } = image
    const { clusterSize } = layout
    await driver.writeCompressed(2 * clusterSize, new Uint8Array(3 * clusterSize).fill(9))
    await node.write(6 * clusterSize, pattern(40_000, 1))
    for (let snapshot = 0; snapshot < layout.snapshots; snapshot++) {
      await driver.snapshots.create({ name: `snapshot ${snapshot}` })
      await node.write(8 * clusterSize + snapshot * 10_000, pattern(9000, 2 + snapshot))
    }
    await node.writeZeroes(100_000, 30_000)
    await node.write(150_000, pattern(20_000, 7))
    await image.close()
  }
  if (layout.bitmap === true && skip === false) {
    for (const name of ['one', 'two']) spawnSync('qemu-img', ['bitmap', '--add', '-g', '512', path, name])
    spawnSync('qemu-io', ['-c', 'write -P 5 20k 30k', path])
  }
  return new Uint8Array(readFileSync(path))
}

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + seed * 31 + (at >> 9)) & 0xff)
}

/** What the guest sees, and saw in each snapshot: pieces of 512 bytes, or undefined where they cannot be read. */
type Seen = Map<string, (string | undefined)[]>

async function look(bytes: Uint8Array): Promise<Seen> {
  const seen: Seen = new Map()
  const names: (string | undefined)[] = [undefined]
  for (let index = 0; index < names.length; index++) {
    await using graph = new NodeGraph()
    try {
      const storage = graph.add(new MemoryDriver(bytes.slice()), { name: 'storage' })
      await storage.attach({ description: 'a holder' })
      const node = await graph.open({ options: { driver: 'qcow2', file: 'storage' }, readOnly: true })
      const id = names[index]
      // Of hundreds of snapshots that were never made a few tell as much.
      if (id === undefined) names.push(...node.driver.snapshots!.list.slice(0, 4).map((snapshot) => snapshot.id))
      else await node.driver.snapshots!.show(id)
      const pieces: (string | undefined)[] = []
      for (let at = 0; at < Math.min(node.length, guestSize); at += 4096) {
        const piece = await node.read(at, Math.min(4096, node.length - at)).catch(ignore)
        pieces.push(piece === undefined ? undefined : Buffer.from(piece).toString('latin1'))
      }
      seen.set(id ?? 'now', pieces)
    } catch (error) {
      ignore(error)
    }
  }
  return seen
}

function ignore(error: unknown): undefined {
  assert.ok(error instanceof BlockError, String((error as Error).stack))
}

/** What could be read can be read still, and is the same. */
function assertKept(before: Seen, now: Seen, what: string): void {
  for (const [id, pieces] of before) {
    const left = now.get(id)
    for (const [index, piece] of pieces.entries()) {
      if (piece === undefined) continue
      assert.ok(left?.[index] === piece, `${what}: the guest's bytes at ${index * 4096}, ${id}`)
    }
  }
}

interface Checked {
  readonly result: CheckResult
  readonly texts: readonly string[]
  readonly bytes: Uint8Array
}

async function check(bytes: Uint8Array, repair?: Repair): Promise<Checked | undefined> {
  await using graph = new NodeGraph()
  const driver = new MemoryDriver(bytes.slice())
  const storage = graph.add(driver, { name: 'storage' })
  await storage.attach({ description: 'a holder' })
  try {
    const readOnly = repair === undefined
    const options = { driver: 'qcow2', file: 'storage' }
    const node = await graph.open({ options, readOnly, forCheck: true })
    const access = readOnly ? ({ uses: ['read'], shares: [] } as const) : writing
    const user = await node.attach({ description: 'a checker', access })
    const texts: string[] = []
    const result = await node.driver.check!({
      ...(repair === undefined ? {} : { repair }),
      report: (text) => texts.push(text),
    })
    await user.detach()
    return { result, texts, bytes: driver.bytes }
  } catch (error) {
    return ignore(error)
  }
}

const faultsOf = ({ corruptions, leaks, checkErrors }: CheckResult): number => corruptions + leaks + checkErrors

/** qemu-img's numbers; undefined, if it does not open the image, or gives up. */
function checkByQemu(bytes: Uint8Array): Record<string, number> | undefined {
  const path = join(folder, 'damaged')
  writeFileSync(path, bytes)
  const { status, stdout, signal } = spawnSync('qemu-img', ['check', '-f', 'qcow2', '--output=json', path], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  assert.equal(signal, null)
  if (!stdout.startsWith('{')) return undefined
  assert.notEqual(status, null)
  return JSON.parse(stdout)
}

/** Writes where the guest has nothing yet, so that clusters are taken that count as free. */
async function fill(bytes: Uint8Array, seen: Seen): Promise<Uint8Array> {
  await using graph = new NodeGraph()
  const driver = new MemoryDriver(bytes.slice())
  const storage = graph.add(driver, { name: 'storage' })
  await storage.attach({ description: 'a holder' })
  try {
    const node = await graph.open({ options: { driver: 'qcow2', file: 'storage' } })
    const user = await node.attach({ description: 'a guest', access: writing })
    const now = seen.get('now') ?? []
    for (const [index, piece] of now.entries()) {
      const at = index * 4096
      const { allocated, length } = await node.status(at, Math.min(4096, node.length - at))
      if (allocated || length < 4096 || piece === undefined) continue
      await node.write(at, new Uint8Array(4096).fill(0xee))
      now[index] = undefined
    }
    await user.detach()
  } catch (error) {
    ignore(error)
  }
  return driver.bytes
}

/** Whether an L1 table has an entry without a table that is not zero: QEMU takes the header for its table. */
function hasFlagsAlone({ texts }: Checked): boolean {
  return texts.some((text) => {
    const entry = /^ERROR found L1 entry with reserved bits set: ([\da-f]+)$/.exec(text)?.[1]
    if (entry === undefined) return text.includes('Flags without a table')
    return (BigInt(`0x${entry}`) & 0x00ff_ffff_ffff_fe00n) === 0n
  })
}

/** Ways in which an entry does not come to lead to a table. */
const leadingNowhere: readonly Damage['way'][] = ['truncate', 'behind the end', 'far away', 'reserved', 'zero', 'ones']

const numbers = { images: 0, opened: 0, faulty: 0, faults: 0, left: 0, lookedAtByQemu: 0 }
after(() => console.log(`damaged images: ${JSON.stringify(numbers)}`))

for (const layout of layouts) {
  const name = Object.entries(layout)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
  test(`a repair makes no more faults, frees nothing in use, and keeps what can be read: ${name}`, async () => {
    const sound = await makeSound(layout)
    const structure = structureOf(sound)
    assert.equal(faultsOf((await check(sound))!.result), 0)
    await fc.assert(
      fc.asyncProperty(damages, async (list) => {
        const bytes = damage(sound, structure, list)
        numbers.images++
        const found = await check(bytes)
        const withQemu = skip === false && numbers.images % sample === 0
        const theirs = withQemu ? checkByQemu(bytes) : undefined
        if (theirs !== undefined) assert.ok(found !== undefined, 'qemu-img checks it')
        const comparable = theirs !== undefined && found !== undefined && !hasFlagsAlone(found)
        if (comparable) {
          numbers.lookedAtByQemu++
          const { result } = found
          assert.deepEqual(
            [result.corruptions, result.leaks, result.checkErrors, result.allocatedClusters],
            [theirs['corruptions'], theirs['leaks'], theirs['check-errors'], theirs['allocated-clusters']].map(
              (number) => number ?? 0,
            ),
            found.texts.slice(0, 20).join('\n'),
          )
          assert.deepEqual(
            [result.imageEndOffset, result.fragmentedClusters, result.compressedClusters, result.totalClusters],
            ['image-end-offset', 'fragmented-clusters', 'compressed-clusters', 'total-clusters'].map(
              (key) => theirs[key] ?? 0,
            ),
          )
        }
        if (found === undefined) return
        numbers.opened++
        const faults = faultsOf(found.result)
        if (faults > 0) numbers.faulty++
        numbers.faults += faults
        const before = await look(bytes)
        for (const repair of ['leaks', 'all'] as const) {
          const repaired = await check(bytes, repair)
          if (repaired === undefined) continue
          const again = await check(repaired.bytes)
          assert.ok(again !== undefined, 'it can be checked again')
          assert.ok(faultsOf(again.result) <= faults, `${repair}: ${faults} became ${faultsOf(again.result)}`)
          if (repair === 'all') numbers.left += faultsOf(again.result)
          const after = await look(repaired.bytes)
          assertKept(before, after, repair)
          if (comparable) {
            const result = checkByQemu(repaired.bytes)
            const left = (result?.['corruptions'] ?? 0) + (result?.['leaks'] ?? 0) + (result?.['check-errors'] ?? 0)
            assert.ok(result !== undefined && left <= faults, `qemu-img after ${repair}: ${faults} became ${left}`)
          }
          // What leads to a table sees it change.
          const leadsToTables = list.some(({ way }) => !leadingNowhere.includes(way))
          if (repair === 'leaks' || leadsToTables || faultsOf(again.result) > 0) continue
          assertKept(before, await look(await fill(repaired.bytes, before)), 'after writes')
        }
      }),
      { numRuns: Math.ceil(images / layouts.length), includeErrorInReport: true },
    )
  })
}
