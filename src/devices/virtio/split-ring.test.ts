import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { type Chain, gather, readChain, scatter } from './chain.ts'
import { RingError, type RingMemory, readWord16, writeWord16 } from './ring-memory.ts'
import { SplitRing } from './split-ring.ts'

const byteLength = 1 << 16
const size = 8
const place = { size, descriptors: 0x1000, available: 0x2000, used: 0x3000 }
const plain = { eventIndex: false, notifyOnEmpty: false }
const written = 2
const more = 1
const table = 4

class Memory implements RingMemory {
  readonly byteLength = byteLength
  readonly bytes = new Uint8Array(byteLength)

  read(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    bytes.set(this.bytes.subarray(address, address + length))
    return bytes
  }

  write(address: number, bytes: Uint8Array): void {
    assert.ok(address + bytes.length <= byteLength, 'writes only where there is memory')
    this.bytes.set(bytes, address)
  }

  describe(index: number, address: number, length: number, flags = 0, next = 0, at = place.descriptors): void {
    const view = new DataView(this.bytes.buffer, at + 16 * index)
    view.setBigUint64(0, BigInt(address), true)
    view.setUint32(8, length, true)
    view.setUint16(12, flags, true)
    view.setUint16(14, next, true)
  }

  offer(...heads: readonly number[]): void {
    for (const head of heads) {
      const index = readWord16(this, place.available + 2)
      writeWord16(this, place.available + 4 + 2 * (index % size), head)
      writeWord16(this, place.available + 2, index + 1)
    }
  }
}

test('takes what is available in its order, and gives it back', () => {
  const memory = new Memory()
  const ring = new SplitRing(memory, place, plain)
  assert.equal(ring.take(), undefined)
  memory.describe(0, 0x4000, 3, more, 1)
  memory.describe(1, 0x5000, 5, written)
  memory.describe(2, 0x6000, 7)
  memory.offer(2, 0)
  assert.equal(ring.waiting, 2)
  assert.deepEqual(ring.take()?.readable, [{ address: 0x6000, length: 7 }])
  const chain = ring.take() as Chain
  assert.deepEqual([chain.readableBytes, chain.writableBytes], [3, 5])
  assert.equal(ring.inUse, 2)
  ring.give(chain, 5)
  assert.equal(readWord16(memory, place.used + 2), 1)
  assert.deepEqual([...memory.read(place.used + 4, 8)], [0, 0, 0, 0, 5, 0, 0, 0])
})

test('a table of descriptors is one buffer', () => {
  const memory = new Memory()
  memory.describe(3, 0x7000, 32, table)
  memory.describe(0, 0x4000, 16, more, 1, 0x7000)
  memory.describe(1, 0x5000, 512, written, 0, 0x7000)
  const { head, readable, writable } = readChain(memory, place.descriptors, size, 3)
  assert.deepEqual([head, readable[0]?.length, writable[0]?.length], [3, 16, 512])
})

test('the driver is interrupted unless it says otherwise, or at the index that it names', () => {
  const memory = new Memory()
  const ring = new SplitRing(memory, place, plain)
  memory.describe(0, 0x4000, 1)
  memory.offer(0, 0)
  for (const quiet of [0, 1]) {
    writeWord16(memory, place.available, quiet)
    ring.give(ring.take() as Chain, 0)
    assert.equal(ring.wantsInterrupt(), quiet === 0)
  }
  const events = new SplitRing(memory, place, { ...plain, eventIndex: true })
  memory.offer(0, 0, 0, 0, 0, 0)
  writeWord16(memory, place.available + 4 + 2 * size, 2)
  const told = Array.from({ length: 4 }, () => {
    events.give(events.take() as Chain, 0)
    return events.wantsInterrupt()
  })
  assert.deepEqual(told, [true, false, true, false])
  assert.equal(readWord16(memory, place.used + 4 + 8 * size), 4, 'says at which index it wants to hear')
})

test('its state continues elsewhere', () => {
  const memory = new Memory()
  const ring = new SplitRing(memory, place, plain)
  memory.describe(0, 0x4000, 1)
  memory.describe(1, 0x5000, 2)
  memory.offer(0, 1)
  ring.give(ring.take() as Chain, 0)
  const again = new SplitRing(memory, place, plain, JSON.parse(JSON.stringify(ring.state)))
  assert.equal(again.take()?.readableBytes, 2)
})

describe('what no driver makes is refused', () => {
  const cases: Readonly<Record<string, (memory: Memory) => void>> = {
    'descriptors that loop': (memory) => memory.describe(0, 0x4000, 1, more, 0),
    'a buffer without a byte': (memory) => memory.describe(0, 0x4000, 0),
    'a buffer outside of memory': (memory) => memory.describe(0, byteLength - 1, 2),
    'a descriptor outside of its table': (memory) => memory.describe(0, 0x4000, 1, more, size),
    'what is read stands behind what is written': (memory) => {
      memory.describe(0, 0x4000, 1, written | more, 1)
      memory.describe(1, 0x4000, 1)
    },
    'a table of descriptors inside of another': (memory) => {
      memory.describe(0, 0x7000, 16, table)
      memory.describe(0, 0x7000, 16, table, 0, 0x7000)
    },
    'a table of descriptors of an odd size': (memory) => memory.describe(0, 0x7000, 17, table),
    'a table of descriptors outside of memory': (memory) => memory.describe(0, byteLength - 16, 32, table),
  }
  for (const [message, make] of Object.entries(cases))
    it(message, () => {
      const memory = new Memory()
      make(memory)
      memory.offer(0)
      const ring = new SplitRing(memory, place, plain)
      assert.throws(() => ring.take(), { name: 'RingError', message })
    })

  it('more is available than there is', () => {
    const memory = new Memory()
    writeWord16(memory, place.available + 2, size + 1)
    assert.throws(() => new SplitRing(memory, place, plain).take(), RingError)
  })

  it('a ring outside of memory', () => {
    assert.throws(() => new SplitRing(new Memory(), { ...place, used: byteLength - 8 }, plain), RingError)
  })
})

test('whatever a guest writes, a buffer ends, lies in memory, or is refused', () => {
  const descriptor = fc.record({
    address: fc.oneof(fc.nat(byteLength + 64), fc.constantFrom(0x1000, 0x7000, 2 ** 40)),
    length: fc.oneof(fc.nat(64), fc.constantFrom(16, 128, 0xffffffff)),
    flags: fc.nat(7),
    next: fc.oneof(fc.nat(size), fc.nat(0xffff)),
  })
  const tables = fc.tuple(
    fc.array(descriptor, { minLength: size, maxLength: size }),
    fc.array(descriptor, { minLength: size, maxLength: size }),
  )
  fc.assert(
    fc.property(tables, fc.nat(0xffff), fc.array(fc.nat(0xffff), { maxLength: size }), (both, index, heads) => {
      const memory = new Memory()
      for (const [number, at] of [place.descriptors, 0x7000].entries())
        for (const [which, { address, length, flags, next }] of both[number]!.entries())
          memory.describe(which, address, length, flags, next, at)
      for (const [which, head] of heads.entries()) writeWord16(memory, place.available + 4 + 2 * which, head)
      writeWord16(memory, place.available + 2, index)
      const ring = new SplitRing(memory, place, { eventIndex: true, notifyOnEmpty: true })
      try {
        for (let chain = ring.take(); chain !== undefined; chain = ring.take()) {
          const parts = [...chain.readable, ...chain.writable]
          assert.ok(parts.every(({ address, length }) => length > 0 && address + length <= byteLength))
          assert.ok(gather(memory, chain.readable, 0, 256).length <= 256)
          if (!parts.some(({ address, length }) => address < 0x4000 || address + length > 0x7000))
            scatter(memory, chain.writable, 0, new Uint8Array(64))
          ring.give(chain, 0)
          ring.wantsInterrupt()
        }
      } catch (error) {
        assert.ok(error instanceof RingError, String(error))
      }
    }),
    { seed: 7, numRuns: 3000 },
  )
})

test('gathers and scatters over parts, from any offset', () => {
  const memory = new Memory()
  const segments = [
    { address: 0x100, length: 3 },
    { address: 0x200, length: 1 },
    { address: 0x300, length: 10 },
  ]
  assert.equal(scatter(memory, segments, 2, Uint8Array.of(1, 2, 3, 4)), 4)
  assert.deepEqual([...gather(memory, segments, 2, 4)], [1, 2, 3, 4])
  assert.deepEqual([...memory.read(0x300, 2)], [3, 4])
  assert.equal(scatter(memory, segments, 12, Uint8Array.of(1, 2, 3, 4)), 2)
  assert.equal(gather(memory, segments, 14, 4).length, 0)
})
