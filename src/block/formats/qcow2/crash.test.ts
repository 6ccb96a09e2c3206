import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryDriver, NodeGraph } from '../../index.ts'
import { planQcow2, type Qcow2CreateOptions } from './create.ts'
import { writing } from './image-fixture.ts'
import { RecordingDisk, remains } from './recording-disk.ts'

const size = 256 * 1024
const sector = 512
/** More by the environment: `VMON_CRASHES=2000`. */
const sequences = Number(process.env['VMON_CRASHES'] ?? 25)

const range = { offset: fc.nat(size - 1), length: fc.oneof(fc.nat(3000), fc.nat(60_000)) }
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), ...range }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('discard' as const), ...range }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('zero' as const), ...range, unmap: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('snapshot' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop snapshot' as const) }) },
)

const layouts: Record<string, Omit<Qcow2CreateOptions, 'size'>> = {
  'clusters of 512 bytes': { clusterSize: 512 },
  'clusters of 4 KiB': { clusterSize: 4096 },
  'lazy reference counts': { clusterSize: 1024, lazyRefcounts: true },
  subclusters: { clusterSize: 16384, extendedL2: true },
}

for (const [name, layout] of Object.entries(layouts)) {
  test(`a crash at any point leaks clusters at worst, and loses nothing that was flushed: ${name}`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40 }),
        fc.array(fc.record({ point: fc.nat(), seed: fc.nat(), kind: fc.constantFrom('kill', 'power') }), {
          minLength: 12,
          maxLength: 12,
        }),
        async (steps, crashes) => {
          const disk = new RecordingDisk(new Uint8Array(0))
          const { start, flushed } = await run(disk, layout, steps)
          for (const { point, seed, kind } of crashes) {
            const end = start + (point % (disk.events.length - start + 1))
            const events = disk.events.slice(0, end)
            const arrives = (index: number): boolean =>
              kind === 'kill' || (Math.imul(index + seed, 2654435761) >>> 16) % 3 > 0
            const bytes = await remains(events, arrives)
            const certain = flushed.filter(({ at }) => at <= end).at(-1)
            await inspect(
              bytes,
              certain,
              flushed.find(({ at }) => at > end),
            )
          }
        },
      ),
      { numRuns: sequences, includeErrorInReport: true, endOnFailure: true },
    ))
}

/** What each sector may hold: the number of the step that wrote it last, or 0. */
interface Flushed {
  /** So many events had come to the disk when the flush was done. */
  readonly at: number
  /** The steps that were done by then. */
  readonly steps: number
  /** For each sector, the steps that have touched it, in their order; negative if they made it zero. */
  readonly history: readonly (readonly number[])[]
}

async function run(
  disk: RecordingDisk,
  layout: Omit<Qcow2CreateOptions, 'size'>,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
): Promise<{ start: number; flushed: Flushed[] }> {
  await using graph = new NodeGraph()
  const file = graph.add(disk, { name: 'disk' })
  const maker = await file.attach({ description: 'a maker', access: writing })
  await planQcow2({ size, ...layout })(file)
  await file.flush()
  await maker.update({ uses: [], shares: ['read', 'write', 'resize'] })
  const start = disk.events.length
  const node = await graph.open({ options: { driver: 'qcow2', file: 'disk', discard: 'unmap' } })
  const user = await node.attach({ description: 'a user', access: writing })
  const history: number[][] = Array.from({ length: size / sector }, () => [0])
  const flushed: Flushed[] = [{ at: start, steps: 0, history: history.map((list) => [...list]) }]
  const note = (done: number): void => {
    flushed.push({ at: disk.events.length, steps: done, history: history.map((list) => [...list]) })
  }
  for (const [index, step] of steps.entries()) {
    const number = index + 1
    if (step.kind === 'flush') await node.flush()
    else if (step.kind === 'snapshot') await node.driver.snapshots!.create({ name: 'one' })
    else if (step.kind === 'drop snapshot') {
      const [first] = node.driver.snapshots!.list
      if (first === undefined) continue
      await node.driver.snapshots!.delete(first.id)
    } else {
      const first = Math.floor(step.offset / sector)
      const end = Math.min(size / sector, first + Math.ceil(step.length / sector))
      for (let at = first; at < end; at++) history[at]!.push(step.kind === 'write' ? number : -number)
      const begin = first * sector
      const length = (end - first) * sector
      if (step.kind === 'write') await node.write(begin, new Uint8Array(length).fill(number))
      else if (step.kind === 'zero') await node.writeZeroes(begin, length, { unmap: step.unmap })
      else await node.discard(begin, length)
    }
    if (step.kind !== 'write' && step.kind !== 'zero' && step.kind !== 'discard') note(number)
  }
  await node.flush()
  note(steps.length)
  await user.detach()
  await maker.detach()
  return { start, flushed }
}

/** Checks what is left of an image, and that each sector holds what was certain, or what came later. */
async function inspect(bytes: Uint8Array, certain: Flushed | undefined, later: Flushed | undefined): Promise<void> {
  const dirty = (bytes[79]! & 1) !== 0
  // A dirty image is mended by whoever opens it for writing.
  if (!dirty) {
    await using graph = new NodeGraph()
    graph.add(new MemoryDriver(bytes), { name: 'disk' })
    const reader = await graph.open({ options: { driver: 'qcow2', file: 'disk' }, readOnly: true })
    const texts: string[] = []
    const result = await reader.driver.check!({ report: (text) => texts.push(text) })
    assert.equal(result.corruptions, 0, texts.join('\n'))
  }
  await using graph = new NodeGraph()
  graph.add(new MemoryDriver(bytes), { name: 'disk' })
  const node = await graph.open({ options: { driver: 'qcow2', file: 'disk' } })
  const user = await node.attach({ description: 'a user', access: writing })
  const seen = await node.read(0, size)
  for (let at = 0; at < size / sector; at++) {
    const value = seen[at * sector]!
    const before = certain?.history[at] ?? [0]
    const after = (later ?? certain)?.history[at] ?? before
    const possible = new Set(after.slice(before.length - 1).map((number) => Math.max(0, number)))
    // A discard may be dropped: what it stood for may still be there.
    for (let index = before.length - 1; index >= 0 && before[index]! < 0; index--)
      possible.add(Math.max(0, before[index - 1]!))
    assert.ok(possible.has(value), `sector ${at} holds ${value}, not one of ${[...possible].join(' ')}`)
  }
  await user.detach()
}
