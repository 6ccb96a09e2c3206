import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flatView } from './flat-view.ts'
import { alias, type MemoryRegion, region } from './memory-region.ts'

const shown = (root: MemoryRegion): string[] =>
  flatView(root).map(({ region: { name }, start, end, offset }) => `${start}-${end} ${name}@${offset}`)

test('shows parts before what they are in, and of parts that overlap the one of higher priority', () => {
  const parts = [
    region('high', 10, 10, { priority: 1 }),
    region('low', 5, 20),
    region('off', 0, 40, { enabled: false }),
  ]
  assert.deepEqual(shown(region('room', 0, 30, { hollow: true, parts })), [
    '5-10 low@0',
    '10-20 high@0',
    '20-25 low@15',
  ])
  const solid = region('ports', 0, 12, { parts: [region('one', 4, 2)] })
  assert.deepEqual(shown(solid), ['0-4 ports@0', '4-6 one@0', '6-12 ports@6'])
})

test('shows through an alias what it leads to, and joins what goes on', () => {
  const ram = region('ram', 100, 50, { kind: 'ram' })
  const parts = [alias('first', 0, 10, ram), alias('second', 10, 10, ram, { offset: 10 }), alias('far', 30, 90, ram)]
  assert.deepEqual(shown(region('room', 0, 1000, { hollow: true, parts })), ['0-20 ram@0', '30-80 ram@0'])
})

test('gives every address to one region, the one that a look at that address alone would find', () => {
  const leaf = fc
    .tuple(fc.nat(60), fc.integer({ min: 1, max: 30 }), fc.nat(2), fc.boolean())
    .map(([start, bytes, priority, enabled]) => region(`${start}+${bytes}`, start, bytes, { priority, enabled }))
  fc.assert(
    fc.property(fc.array(leaf, { maxLength: 8 }), (parts) => {
      const ranges = flatView(region('all', 0, 64, { parts }))
      for (let at = 0n; at < 64n; at++) {
        const covers = parts.filter(({ enabled, start, bytes }) => enabled && start <= at && at < start + bytes)
        const [best] = covers.sort((one, other) => other.priority - one.priority)
        const found = ranges.filter(({ start, end }) => start <= at && at < end)
        assert.equal(found.length, 1)
        assert.equal(found[0]!.region.name, best?.name ?? 'all')
        assert.equal(found[0]!.offset + at - found[0]!.start, at - (best?.start ?? 0n))
      }
    }),
  )
})
