import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { V86Io, V86PortEntry } from '../v86-internals.ts'
import { PortWindows } from './port-windows.ts'

const entry = (name: string): V86PortEntry => ({ device: { name } }) as unknown as V86PortEntry
const nameOf = ({ device }: V86PortEntry): string => (device as { name: string }).name

/** Ports that are called by their numbers, and two windows, a and b; b was added last. */
function ports() {
  const io = {
    ports: Array.from({ length: 0x10000 }, (_, port) => entry(String(port))),
    create_empty_entry: () => entry('-'),
  } as unknown as V86Io
  const windows = new PortWindows(io)
  const [a, b] = ['a', 'b'].map((name) => windows.add([0, 1, 2, 3].map((index) => entry(`${name}${index}`))))
  const at = (first: number, count = 6): string =>
    io.ports
      .slice(first, first + count)
      .map(nameOf)
      .join(' ')
  return { windows, a: a!, b: b!, at }
}

test('a window hides what is below it, and the one that was added last the others; everything comes back', () => {
  const { a, b, at } = ports()
  a.move(0x3f8)
  assert.equal(at(0x3f7), '1015 a0 a1 a2 a3 1020')
  b.move(0x3fa)
  assert.equal(at(0x3f8), 'a0 a1 b0 b1 b2 b3')
  a.move(0x3fa)
  assert.equal(at(0x3f8), '1016 1017 b0 b1 b2 b3')
  b.move(undefined)
  assert.equal(at(0x3f8), '1016 1017 a0 a1 a2 a3')
  a.move(0xfffe)
  assert.equal(at(0xfffc, 4), '65532 65533 a0 a1')
  a.move(0x12340)
  assert.equal(at(0xfffc, 4), '65532 65533 65534 65535')
})

test('ports that are taken from a device are free', () => {
  const { windows, at } = ports()
  assert.deepEqual(windows.take(0xb400, 2).map(nameOf), ['46080', '46081'])
  assert.equal(at(0xb3ff, 4), '46079 - - 46082')
})

test('however windows were moved, each port is what the windows that are there now make it', () => {
  const base = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), base)), base, base, (moves, lastA, lastB) => {
      const { a, b, at } = ports()
      for (const [isA, to] of moves) (isA ? a : b).move(to)
      a.move(lastA)
      b.move(lastB)
      const expected = Array.from({ length: 20 }, (_, port) => {
        if (lastB !== undefined && port >= lastB && port < lastB + 4) return `b${port - lastB}`
        if (lastA !== undefined && port >= lastA && port < lastA + 4) return `a${port - lastA}`
        return String(port)
      })
      assert.equal(at(0, 20), expected.join(' '))
    }),
    { numRuns: 50 },
  )
})
