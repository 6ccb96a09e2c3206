import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'

const base = 0xfebf0000
const [config, lock, reload] = [0x60, 0x68, 0x0c]

/** A watchdog whose registers are in memory. */
function watchdog() {
  const bench = new DeviceBench(guest, {}, { bus: 'PCI', slot: 4, function: 0 })
  const { bus } = bench
  const map = (): void => {
    bus.configure(0, 0x10, 4, base)
    bus.configure(0, 0x04, 2, 2)
  }
  map()
  /** What comes in words of 16 bits comes as bytes. */
  const word = (value: number): void => {
    bus.writeMemory(base + reload, 1, value & 0xff)
    bus.writeMemory(base + reload + 1, 1, value >> 8)
  }
  const unlock = (): void => {
    word(0x80)
    word(0x86)
  }
  const preload = (stage: 0 | 1, count: number): void => {
    unlock()
    bus.writeMemory(base + 4 * stage, 4, count)
  }
  const feed = (): void => {
    unlock()
    word(0x100)
  }
  const bitten = (): boolean => (bus.readMemory(base + reload + 1, 1) & 0x10) !== 0
  return { ...bench, bus, device: bench.device, said: bench.said, map, word, unlock, preload, feed, bitten }
}

/** Milliseconds that a count takes at 1 kHz, which is not quite that. */
const slow = (count: number): number => (count * 2 ** 15) / 33_000

test('bites at the end of the second stage, and tells so afterwards, once', () => {
  const { bus, preload, said, bitten } = watchdog()
  preload(0, 10_000)
  preload(1, 5000)
  bus.configure(0, lock, 1, 2)
  bus.pass(slow(10_000))
  bus.pass(slow(5000) - 1)
  assert.deepEqual([said.length, bitten()], [0, false])
  bus.pass(2)
  assert.deepEqual(said, ['expired'])
  assert.deepEqual([bitten(), bitten()], [true, false])
})

test('counts anew from the first stage when it is fed; without both keys nothing is taken', () => {
  const { bus, preload, feed, word, said } = watchdog()
  preload(0, 1000)
  preload(1, 1000)
  bus.configure(0, lock, 1, 2)
  for (let turn = 0; turn < 5; turn++) {
    bus.pass(slow(1000))
    feed()
  }
  bus.pass(slow(1000))
  word(0x86)
  word(0x100)
  bus.pass(slow(1000))
  assert.deepEqual(said, ['expired'])
})

test('counts a thousand times faster if it is told, and what is locked stays as it is', () => {
  const { bus, preload, said } = watchdog()
  preload(0, 1_000_000)
  preload(1, 1_000_000)
  bus.configure(0, config, 2, 0xffc4)
  bus.configure(0, lock, 1, 3)
  bus.configure(0, lock, 1, 0)
  bus.pass((1_000_000 * 32) / 33_000)
  bus.pass((1_000_000 * 32) / 33_000)
  assert.deepEqual(said, ['expired'])
})

test('a reset disarms it', () => {
  const { bus, preload, device, said, bitten } = watchdog()
  preload(0, 10)
  bus.configure(0, lock, 1, 2)
  bus.resetFunctions()
  device.reset?.()
  bus.pass(10_000_000)
  assert.deepEqual([said.length, bitten()], [0, false])
})

test('saved in the middle, it bites at the same time in another machine', () => {
  const [one, other] = [watchdog(), watchdog()]
  one.preload(0, 1000)
  one.preload(1, 2000)
  one.bus.configure(0, lock, 1, 2)
  one.bus.pass(slow(1000))
  one.bus.pass(slow(500))
  other.bus.configure(0, lock, 1, 2) // configuration spaces are saved with the bus
  other.device.restore?.(JSON.parse(JSON.stringify(one.device.save?.())))
  other.bus.pass(slow(1500) - 1)
  assert.deepEqual(other.said, [])
  other.bus.pass(2)
  assert.deepEqual(other.said, ['expired'])
})

test('whatever a guest writes, nothing is thrown', () => {
  const write = fc.tuple(fc.boolean(), fc.nat(0xff), fc.constantFrom(1, 2, 4), fc.nat(0xffffffff), fc.nat(100_000))
  fc.assert(
    fc.property(fc.array(write), (writes) => {
      const { bus, map } = watchdog()
      for (const [inMemory, offset, width, value, time] of writes) {
        if (inMemory) bus.writeMemory(base + (offset & 15), width === 4 ? 4 : 1, value)
        else bus.configure(0, offset, width as 1 | 2 | 4, value)
        map()
        bus.pass(time)
      }
    }),
  )
})
