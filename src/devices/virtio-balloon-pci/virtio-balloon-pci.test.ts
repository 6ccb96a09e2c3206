import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtioBench } from '../virtio/virtio-bench.ts'
import { Balloon } from './balloon.ts'
import { guest } from './guest.ts'
import { host } from './host.ts'
import { virtioBalloonPci } from './model.ts'

const mebibyte = 2 ** 20
const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)

function bench(properties = {}) {
  const one = new VirtioBench(guest, virtioBalloonPci, { properties })
  const released: number[][] = []
  Object.assign(one.bus.ram, { release: (address: number, length: number) => released.push([address, length]) })
  return { one, released }
}

test('asks for pages, gives them back to the host, and tells how many it has', () => {
  const { one, released } = bench()
  one.device.receive?.({ type: 'target', pages: 3 })
  assert.deepEqual([one.config(0, 4), one.takeInterrupts()], [3, 3])
  one.offer(0, Uint8Array.of(...word(7), ...word(5), ...word(6), ...word(9), ...word(0xffffffff)))
  one.notify(0)
  assert.deepEqual(released, [
    [5 * 4096, 3 * 4096],
    [9 * 4096, 4096],
  ])
  assert.deepEqual(one.used(0), [0])
  for (const [index, byte] of word(3).entries()) one.setConfig(4 + index, byte)
  assert.deepEqual(one.said, [{ type: 'actual', pages: 3 }])
  one.offer(1, Uint8Array.of(...word(5)))
  one.notify(1)
  assert.deepEqual([one.used(1), released.length], [[0], 2])
})

test('keeps the buffer for statistics until they are wanted', () => {
  const { one } = bench()
  one.offer(2, Uint8Array.of(4, 0, 1, 2, 0, 0, 0, 0, 0, 0, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1))
  one.notify(2)
  assert.deepEqual(one.said, [{ type: 'statistics', values: { 4: 0x201n, 5: 9n } }])
  assert.deepEqual(one.used(2), [])
  const state = JSON.parse(JSON.stringify(one.device.save?.()))
  one.device.restore?.(state)
  one.device.receive?.({ type: 'ask' })
  assert.deepEqual(one.used(2), [0])
  one.device.receive?.({ type: 'ask' })
  assert.deepEqual(one.used(2), [])
})

test('free pages that are reported go back to the host', () => {
  const { one, released } = bench({ 'free-page-reporting': true })
  const [room] = one.offer(3, 8192)
  one.notify(3)
  assert.deepEqual(released, [[room, 8192]])
})

test('a balloon that is there is asked in bytes, and says in bytes', () => {
  const events: unknown[] = []
  const sent: unknown[] = []
  const balloon = new Balloon(128 * mebibyte, (name, ...[data]) => void events.push([name, data]))
  assert.throws(() => balloon.actual, { message: 'No balloon device has been activated' })
  const device = host({ properties: {}, services: { balloon } as never })
  device.connected?.({ send: (message) => void sent.push(message) })
  assert.throws(() => balloon.request(0), { message: "Parameter 'target' expects a size" })
  balloon.request(96 * mebibyte)
  balloon.request(500 * mebibyte)
  assert.deepEqual(sent, [
    { type: 'target', pages: 8192 },
    { type: 'target', pages: 0 },
  ])
  device.receive({ type: 'actual', pages: 8192 })
  device.receive({ type: 'actual', pages: 8192 })
  assert.equal(balloon.actual, 96 * mebibyte)
  assert.deepEqual(events, [['BALLOON_CHANGE', { actual: 96 * mebibyte }]])
  device.receive({ type: 'statistics', values: { 4: 77n } })
  assert.equal(balloon.statistics.stats['stat-free-memory'], 77n)
  assert.equal(balloon.statistics.stats['stat-swap-in'], 2n ** 64n - 1n)
  assert.throws(() => balloon.pollEvery(-1), { message: 'timer value must be greater than zero' })
  void device.closed?.()
  assert.throws(() => balloon.request(1), { message: 'No balloon device has been activated' })
})
