import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'

const [disarm, feed] = [0x441, 0x443]

test('bites when it has not been fed for as long as it was told', () => {
  const { bus, said } = new DeviceBench(guest, {})
  bus.writePort(feed, 1, 0)
  bus.pass(29_999)
  assert.deepEqual(said, [])
  bus.pass(1)
  assert.deepEqual(said, ['expired'])
  bus.pass(60_000)
  assert.deepEqual(said, ['expired'], 'once')
})

test('does not bite when it is fed, disarmed or reset', () => {
  const { bus, said, device } = new DeviceBench(guest, {})
  for (const act of [
    () => bus.writePort(feed, 1, 14),
    () => bus.writePort(disarm, 1, 0xff),
    () => bus.writePort(feed, 1, 14),
    () => device.reset?.(),
  ]) {
    act()
    bus.pass(1999)
  }
  bus.pass(60_000)
  assert.deepEqual(said, [])
})

test('keeps what is left of its time when the machine is saved', () => {
  const [one, other] = [new DeviceBench(guest, {}), new DeviceBench(guest, {})]
  one.bus.writePort(feed, 1, 0)
  one.bus.pass(10_000)
  other.device.restore?.(JSON.parse(JSON.stringify(one.device.save?.())))
  other.bus.pass(19_999)
  assert.deepEqual(other.said, [])
  other.bus.pass(1)
  assert.deepEqual(other.said, ['expired'])
})
