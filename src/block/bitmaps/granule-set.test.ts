import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOfPage, GranuleSet } from './granule-set.ts'

const longest = 100_000
const place = fc.oneof(fc.nat(longest), fc.constantFrom(0, 31, 32, 63, 64, 32_767, 32_768, 65_536), fc.nat(200))
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('add', 'delete'), first: place, end: place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('bytes'), first: place, end: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('clear', 'copy'), first: place, end: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resize'), first: place, end: place }) },
)

test('a set of granules holds what a plain list of them holds, whatever was done to it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: longest }), fc.array(step, { maxLength: 30 }), (length, steps) => {
      let set = new GranuleSet(length)
      let model = new Uint8Array(length)
      for (const { kind, first, end } of steps) {
        if (kind === 'add') set.add(first, end)
        if (kind === 'delete') set.delete(first, end)
        if (kind === 'add' || kind === 'delete') model.fill(kind === 'add' ? 1 : 0, first, Math.max(first, end))
        if (kind === 'clear') {
          set.clear()
          model.fill(0)
        }
        if (kind === 'copy') {
          const copy = set.copy()
          set.clear()
          set = copy
        }
        if (kind === 'resize') {
          const resized = new Uint8Array(Math.max(1, end))
          resized.set(model.subarray(0, resized.length))
          model = resized
          set.resize(model.length)
        }
        if (kind === 'bytes') {
          const start = first - (first % 8)
          set.addBytes(start, Uint8Array.of(0xff, end & 0xff, 0xff, 0xff, 0, 0x80))
          for (let bit = 0; bit < 48; bit++) {
            const byte = [0xff, end & 0xff, 0xff, 0xff, 0, 0x80][bit >> 3]!
            if ((byte >> (bit & 7)) & 1 && start + bit < model.length) model[start + bit] = 1
          }
        }
      }
      compare(set, model)
    }),
    { numRuns: 150 },
  )
})

function compare(set: GranuleSet, model: Uint8Array): void {
  const read = new Uint8Array(model.length)
  let previous = -1
  for (const { first, end } of set.stretches()) {
    assert.ok(first > previous && end > first, 'stretches are in order, and do not touch')
    read.fill(1, first, end)
    previous = end
  }
  assert.ok(Buffer.from(read.buffer).equals(Buffer.from(model.buffer)), 'stretches')
  assert.equal(
    set.count,
    model.reduce((sum, one) => sum + one, 0),
  )
  for (let at = 0; at < model.length; at += 977) {
    assert.equal(set.has(at), model[at] === 1)
    for (const wanted of [true, false]) {
      const next = model.indexOf(wanted ? 1 : 0, at)
      assert.equal(set.next(at, wanted), next === -1 ? undefined : next)
    }
  }
  for (let page = 0; page * bytesOfPage * 8 < model.length; page++) {
    const bytes = set.pageBytes(page) ?? new Uint8Array(bytesOfPage)
    for (let bit = 0; bit < bytesOfPage * 8; bit += 61) {
      assert.equal((bytes[bit >> 3]! >> (bit & 7)) & 1, model[page * bytesOfPage * 8 + bit] ?? 0)
    }
  }
}

test('a set of more granules than memory has bits costs nothing until something is in it', () => {
  const set = new GranuleSet(2 ** 50)
  set.add(2 ** 49, 2 ** 49 + 3)
  set.add(2 ** 50 - 1, 2 ** 50)
  assert.equal(set.count, 4)
  assert.deepEqual(
    [...set.stretches()],
    [
      { first: 2 ** 49, end: 2 ** 49 + 3 },
      { first: 2 ** 50 - 1, end: 2 ** 50 },
    ],
  )
})
