import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BlockNode, MemoryDriver, NodeGraph } from '../index.ts'
import type { DirtyBitmap } from './dirty-bitmap.ts'

const sector = 512
const largest = 200 * sector
const writing = { uses: ['read', 'write', 'resize'], shares: [] } as const

/** A disk that can be told that nobody needs a range any more. */
class ForgettingDisk extends MemoryDriver {
  async discard(offset: number, length: number): Promise<void> {
    this.bytes.fill(0, offset, offset + length)
  }
}

/** What a bitmap should have noted: the granules by their numbers. */
interface Model {
  readonly granularity: number
  recording: boolean
  granules: Set<number>
  /** Notes that came while the bitmap was frozen, if it is. */
  successor: Set<number> | undefined
}

const range = { offset: fc.nat(largest), length: fc.nat(40_000), which: fc.nat(5) }
const one = <Kind extends string>(...kinds: Kind[]) => fc.record({ kind: fc.constantFrom(...kinds), ...range })
const step = fc.oneof(
  { weight: 6, arbitrary: one('write', 'zero', 'discard', 'together', 'grow') },
  { weight: 3, arbitrary: one('clear', 'merge', 'enable', 'disable') },
  { weight: 3, arbitrary: one('freeze', 'abdicate', 'reclaim') },
  { weight: 2, arbitrary: one('resize', 'add', 'remove') },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

test('bitmaps note every granule that is written, made zero or given up, whatever is done to them meanwhile', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      await using graph = new NodeGraph()
      const node = graph.add(new ForgettingDisk(new Uint8Array(100 * sector)), { name: 'disk', discard: true })
      const user = await node.attach({ description: 'a writer', access: writing })
      const pair = new Pair(node)
      for (let number = 0; number < 3; number++) pair.add(number)
      for (const taken of steps) {
        if (!(await pair.change(taken))) await pair.use(taken)
        pair.compare()
      }
      await user.detach()
    }),
    { numRuns: 200 },
  ))

/** A node's bitmaps, and what they should have noted. */
class Pair {
  readonly #node: BlockNode
  readonly #models = new Map<string, Model>()

  constructor(node: BlockNode) {
    this.#node = node
  }

  add(number: number): void {
    const name = `b${number}`
    if (this.#models.has(name)) return
    const granularity = sector << (number % 4)
    this.#node.bitmaps.add({ name, granularity }, 'disk')
    this.#models.set(name, { granularity, recording: true, granules: new Set(), successor: undefined })
  }

  /** Does something to the disk. @returns whether it was something of that kind */
  async change({ kind, offset, length, which }: Step): Promise<boolean> {
    const node = this.#node
    const begin = Math.min(offset, node.length)
    const count = Math.min(length, node.length - begin)
    switch (kind) {
      case 'write':
        await node.write(begin, new Uint8Array(count).fill(1))
        break
      case 'zero':
        await node.writeZeroes(begin, count, { unmap: which > 2 })
        break
      case 'discard':
        await node.discard(begin, count)
        break
      case 'together':
        await Promise.all([node.write(begin, new Uint8Array(count)), node.writeZeroes(begin, count)])
        break
      case 'grow': {
        const from = node.length - 100
        await node.write(from, new Uint8Array(3 * sector).fill(2), { grow: true })
        this.#note(from, 3 * sector)
        return true
      }
      case 'resize':
        await node.truncate(Math.ceil((offset + 1) / sector) * sector)
        this.#cut()
        return true
      default:
        return false
    }
    this.#note(begin, count)
    return true
  }

  /** Does something to a bitmap. */
  async use({ kind, which }: Step): Promise<void> {
    if (kind === 'add') return this.add(which)
    const { bitmaps } = this.#node
    const [name, model] = [...this.#models][which % Math.max(1, this.#models.size)] ?? []
    if (name === undefined || model === undefined) return
    const bitmap = bitmaps.named(name)
    if (kind === 'abdicate' || kind === 'reclaim') {
      if (model.successor === undefined) return
      bitmaps[kind](bitmap)
      model.granules = new Set(kind === 'abdicate' ? model.successor : [...model.granules, ...model.successor])
      model.successor = undefined
    } else if (model.successor !== undefined) {
      const text = `Bitmap '${name}' is currently in use by another operation and cannot be used`
      assert.throws(() => bitmaps.freeze(bitmap), { message: text })
      await assert.rejects(bitmaps.unkeep(bitmap), { message: text })
      assert.throws(() => bitmaps.merge(bitmap, [bitmap]), { message: text })
    } else if (kind === 'freeze') {
      bitmaps.freeze(bitmap)
      model.successor = new Set()
    } else if (kind === 'clear') {
      bitmap.clear()
      model.granules.clear()
    } else if (kind === 'enable' || kind === 'disable') {
      bitmap.recording = model.recording = kind === 'enable'
    } else if (kind === 'remove') {
      await bitmaps.unkeep(bitmap)
      bitmaps.drop(bitmap)
      this.#models.delete(name)
    } else this.#merge(bitmap, model, which)
  }

  compare(): void {
    for (const [name, { granularity, granules }] of this.#models) {
      const bitmap = this.#node.bitmaps.named(name)
      const seen = new Set<number>()
      for (const { offset, length } of bitmap.areas()) {
        for (let at = offset; at < offset + length; at += granularity) seen.add(at / granularity)
      }
      assert.deepEqual(
        [...seen],
        [...granules].sort((a, b) => a - b),
        name,
      )
      assert.equal(bitmap.dirtyBytes, granules.size * granularity)
      assert.equal(bitmap.size, this.#node.length)
    }
  }

  #merge(target: DirtyBitmap, model: Model, which: number): void {
    const sources = [...this.#models].slice(which % 3)
    const bitmaps = sources.map(([name]) => this.#node.bitmaps.named(name))
    if (sources.some(([, { successor }]) => successor !== undefined)) {
      assert.throws(() => this.#node.bitmaps.merge(target, bitmaps), /is currently in use by another operation/)
      return
    }
    const undo = this.#node.bitmaps.merge(target, bitmaps)
    if (which > 3) undo()
    else for (const [, source] of sources) this.#copy(source, model)
  }

  #copy(source: Model, target: Model): void {
    for (const granule of [...source.granules]) {
      const begin = granule * source.granularity
      const end = Math.min(begin + source.granularity, this.#node.length)
      for (let at = Math.floor(begin / target.granularity); at * target.granularity < end; at++) target.granules.add(at)
    }
  }

  #note(offset: number, length: number): void {
    for (const { granularity, recording, granules, successor } of this.#models.values()) {
      if (!recording || length === 0) continue
      const notes = successor ?? granules
      for (let at = Math.floor(offset / granularity); at * granularity < offset + length; at++) notes.add(at)
    }
  }

  #cut(): void {
    for (const { granularity, granules, successor } of this.#models.values()) {
      for (const notes of [granules, successor]) {
        for (const at of notes ?? []) if (at * granularity >= this.#node.length) notes?.delete(at)
      }
    }
  }
}
