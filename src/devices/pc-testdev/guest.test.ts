import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'

test('one register is seen whole and by its bytes, lowest first', () => {
  const { bus } = new DeviceBench(guest, {})
  bus.writePort(0xe0, 4, 0x87654321)
  assert.deepEqual([bus.readPort(0xe0, 4), bus.readPort(0xe2, 2), bus.readPort(0xe1, 1)], [0x87654321, 0x8765, 0x43])
  assert.deepEqual([bus.readPort(0xe8, 4), bus.readPort(0xea, 2)], [0x87654321, 0x8765])
  bus.writePort(0xe9, 2, 0xabcd)
  assert.equal(bus.readPort(0xe0, 4), 0x87abcd21)
  bus.writePort(0xe4, 4, 0x1000) // a page that needs nothing
  assert.equal(bus.readPort(0xe0, 4), 0x87abcd21)
})

test('writing to a port of an interrupt asserts it, or lets go of it', () => {
  const { bus } = new DeviceBench(guest, {})
  bus.writePort(0x2005, 1, 1)
  bus.writePort(0x2009, 1, 1)
  bus.writePort(0x2009, 1, 0)
  bus.writePort(0x2017, 1, 1) // there is no such line
  assert.deepEqual([...bus.asserted], [5])
})
