import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { MemoryDriver, NodeGraph } from '../../index.ts'
import { planQcow2 } from './create.ts'
import { complaints, create, open, qemuIo, readByQemu, temporaryFolder, writing } from './image-fixture.ts'
import { RecordingDisk, remains } from './recording-disk.ts'

const skip = missingProgram('qemu-img', 'qemu-system-x86_64')
const folder = temporaryFolder('qcow2-bitmaps')
/** More by the environment: `VMON_CRASHES=2000`. */
const sequences = Number(process.env['VMON_CRASHES'] ?? 25)

/** The SHA-256 of each bitmap of an image, by QEMU. */
async function shaByQemu(path: string, names: readonly string[]): Promise<string[]> {
  const blockdev = `driver=qcow2,node-name=n,read-only=on,file.driver=file,file.filename=${path}`
  const options = ['-M', 'none', '-nodefaults', '-display', 'none', '-S', '-qmp', 'stdio', '-blockdev', blockdev]
  const child = spawn('qemu-system-x86_64', options, { stdio: ['pipe', 'pipe', 'inherit'] })
  const commands = [
    { execute: 'qmp_capabilities' },
    ...names.map((name) => ({ execute: 'x-debug-block-dirty-bitmap-sha256', arguments: { node: 'n', name } })),
    { execute: 'quit' },
  ]
  const found: string[] = []
  for (const command of commands) child.stdin.write(`${JSON.stringify(command)}\n`)
  for await (const line of createInterface(child.stdout)) {
    const answer = JSON.parse(line) as { return?: { sha256?: string } }
    if (answer.return?.sha256 !== undefined) found.push(answer.return.sha256)
  }
  return found
}

for (const [name, clusterSize, size] of [
  ['small clusters', 512, 3 * 2 ** 20 + 512],
  ['clusters of 64 KiB', 65536, 5 * 2 ** 30],
] as const) {
  test(`QEMU reads the bitmaps that we keep, and we those that it keeps: ${name}`, { skip }, async () => {
    const path = join(folder, `exchange-${clusterSize}`)
    await create(path, { size, clusterSize })
    const names = ['b512', 'b65536', 'b4096', 'all', 'none']
    const ours: string[] = []
    {
      await using image = await open(path)
      const { bitmaps } = image.node
      for (const each of names) {
        const granularity = Number(each.slice(1)) || 1024
        bitmaps.add({ name: each, granularity, persistent: true, recording: each !== 'none' }, 'n')
      }
      for (const at of [0, 4097, 65536 * 3 - 1, 2 ** 20, size - 700]) await image.node.write(at, new Uint8Array(700))
      await image.node.writeZeroes(700_000, 300_000)
      bitmaps.named('all').mark(0, size)
      for (const each of names) ours.push(bitmaps.named(each).sha256())
    }
    assert.equal(await complaints(path), '')
    assert.deepEqual(await shaByQemu(path, names), ours)
    await qemuIo(path, 'write 123k 7k', 'write -z 1M 1k')
    assert.equal(await complaints(path), '')
    const after = await shaByQemu(path, names)
    assert.notDeepEqual(after, ours)
    await using image = await open(path)
    assert.deepEqual(
      names.map((each) => image.node.bitmaps.named(each).sha256()),
      after,
    )
  })
}

test('bitmaps are kept in an image whose tables have moved since it was opened', { skip }, async () => {
  const path = join(folder, 'moved')
  const mib = 2 ** 20
  await create(path, { size: mib, clusterSize: 512 })
  const expected = new Uint8Array(24 * mib)
  for (const [index, grown] of [12, 24].entries()) {
    await using image = await open(path)
    image.node.bitmaps.add({ name: `b${index}`, granularity: 4096, persistent: true }, 'n')
    const tables = [image.driver.image.l1.offset, image.driver.image.refcounts.tableOffset]
    await image.node.truncate(grown * mib)
    const bytes = new Uint8Array(10 * mib).fill(index + 1)
    await image.node.write((grown - 11) * mib, bytes)
    expected.set(bytes, (grown - 11) * mib)
    await image.node.flush()
    const { l1, refcounts } = image.driver.image
    assert.notEqual(l1.offset, tables[0])
    assert.notEqual(refcounts.tableOffset, tables[1])
  }
  assert.equal(await complaints(path), '')
  assert.ok(Buffer.from(expected).equals(await readByQemu(path)))
  await using image = await open(path)
  assert.deepEqual([...image.node.bitmaps.named('b1').areas()], [{ offset: 13 * mib, length: 10 * mib }])
})

const size = 256 * 1024
const range = { offset: fc.nat(size / 512 - 1), length: fc.nat(40), which: fc.nat(2) }
const one = <Kind extends string>(...kinds: Kind[]) => fc.record({ kind: fc.constantFrom(...kinds), ...range })
const step = fc.oneof(
  { weight: 5, arbitrary: one('write', 'zero', 'discard') },
  { weight: 3, arbitrary: one('add', 'remove', 'clear', 'read only') },
  { weight: 2, arbitrary: one('close', 'flush') },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** The bitmaps as an image kept them, from so many events on. */
interface Kept {
  readonly at: number
  readonly bitmaps: ReadonlyMap<string, string>
}

test('a crash at any point leaves each bitmap as it was kept, or marked as inconsistent, and never an error', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 8, maxLength: 30 }),
      fc.array(fc.record({ point: fc.nat(), seed: fc.nat(), power: fc.boolean() }), { minLength: 12, maxLength: 12 }),
      async (steps, crashes) => {
        const disk = new RecordingDisk(new Uint8Array(0))
        const { start, kept } = await run(disk, steps)
        for (const { point, seed, power } of crashes) {
          const end = start + (point % (disk.events.length - start + 1))
          const arrives = (index: number): boolean => !power || (Math.imul(index + seed, 2654435761) >>> 16) % 3 > 0
          await inspect(await remains(disk.events.slice(0, end), arrives), end, kept)
        }
      },
    ),
    { numRuns: sequences, includeErrorInReport: true, endOnFailure: true },
  ))

async function run(disk: RecordingDisk, steps: readonly Step[]): Promise<{ start: number; kept: Kept[] }> {
  await using graph = new NodeGraph()
  const file = graph.add(disk, { name: 'disk' })
  const maker = await file.attach({ description: 'a maker', access: writing })
  await planQcow2({ size, clusterSize: 1024 })(file)
  await file.flush()
  await maker.update({ uses: [], shares: ['read', 'write', 'resize'] })
  const start = disk.events.length
  const kept: Kept[] = [{ at: start, bitmaps: new Map() }]
  const reopen = async () => {
    const node = await graph.open({ options: { driver: 'qcow2', file: 'disk', discard: 'unmap' } })
    return { node, user: await node.attach({ description: 'a user', access: writing }) }
  }
  let { node, user } = await reopen()
  const note = (bitmaps: ReadonlyMap<string, string>): void => void kept.push({ at: disk.events.length, bitmaps })
  const digest = () => new Map([...node.bitmaps].map((bitmap) => [bitmap.name!, bitmap.sha256()]))
  for (const { kind, offset, length, which } of steps) {
    const [begin, count] = [offset * 512, Math.min(length * 512, size - offset * 512)]
    const bitmap = node.bitmaps.find(`b${which}`)
    if (kind === 'write') await node.write(begin, new Uint8Array(count).fill(1))
    if (kind === 'zero') await node.writeZeroes(begin, count, { unmap: true })
    if (kind === 'discard') await node.discard(begin, count)
    if (kind === 'flush') await node.flush()
    if (kind === 'add' && bitmap === undefined) {
      node.bitmaps.add({ name: `b${which}`, granularity: 512 << which, persistent: true }, 'n')
    }
    if (kind === 'clear') bitmap?.clear()
    if (kind === 'remove' && bitmap !== undefined) {
      await node.bitmaps.unkeep(bitmap)
      node.bitmaps.drop(bitmap)
    }
    if (kind === 'read only') {
      const bitmaps = digest()
      await user.update({ uses: ['read'], shares: ['read', 'write', 'resize'] })
      await node.reconfigure({ ...node.settings, given: node.given, readOnly: true })
      note(bitmaps)
      await node.reconfigure({ ...node.settings, given: node.given, readOnly: false })
      await user.update(writing)
    }
    if (kind === 'close') {
      const bitmaps = digest()
      await user.detach()
      note(bitmaps)
      ;({ node, user } = await reopen())
      assert.deepEqual(digest(), bitmaps)
    }
  }
  const bitmaps = digest()
  await user.detach()
  note(bitmaps)
  await maker.detach()
  return { start, kept }
}

async function inspect(bytes: Uint8Array, end: number, kept: readonly Kept[]): Promise<void> {
  {
    await using graph = new NodeGraph()
    graph.add(new MemoryDriver(bytes), { name: 'disk' })
    const checked = await graph.open({ options: { driver: 'qcow2', file: 'disk' }, readOnly: true, forCheck: true })
    const texts: string[] = []
    const { corruptions, checkErrors } = await checked.driver.check!({ report: (text) => texts.push(text) })
    assert.equal(corruptions + checkErrors, 0, texts.join('\n'))
  }
  const before = kept.filter(({ at }) => at <= end).at(-1)
  const after = kept.find(({ at }) => at > end)
  for (const readOnly of [true, false]) {
    await using graph = new NodeGraph()
    graph.add(new MemoryDriver(bytes), { name: 'disk' })
    const node = await graph.open({ options: { driver: 'qcow2', file: 'disk' }, readOnly })
    for (const bitmap of node.bitmaps) {
      if (bitmap.is('inconsistent')) continue
      const possible = [before, after].map((each) => each?.bitmaps.get(bitmap.name!))
      assert.ok(possible.includes(bitmap.sha256()), `${bitmap.name} is neither what it was nor what it became`)
    }
  }
}
