import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'

const [data, status, control] = [0x378, 0x379, 0x37a] as const
const properties = { iobase: data, irq: 7 }
const [ready, strobe, interrupts] = [0x0c, 0x01, 0x10] as const

function print({ bus }: DeviceBench, byte: number, also = 0): void {
  bus.writePort(data, 1, byte)
  bus.writePort(control, 1, ready | strobe | also)
  bus.writePort(control, 1, ready | also)
}

const printed = ({ said }: DeviceBench): string =>
  said.map((message) => Buffer.from((message as { bytes: Uint8Array }).bytes).toString('latin1')).join('|')

test('a byte is printed when the strobe begins, and what a slice has printed goes out together', () => {
  const bench = new DeviceBench(guest, properties)
  for (const byte of Buffer.from('LPT')) print(bench, byte)
  bench.device.settle?.()
  print(bench, 0x31)
  bench.bus.writePort(control, 1, ready | strobe)
  bench.bus.writePort(control, 1, ready | strobe) // the strobe has not ended: nothing new
  bench.device.settle?.()
  assert.equal(printed(bench), 'LPT|11')
})

test('the printer is busy until its status has been read twice', () => {
  const bench = new DeviceBench(guest, properties)
  const read = () => bench.bus.readPort(status, 1)
  assert.equal(read(), 0xd9)
  print(bench, 0x41)
  assert.deepEqual([read(), read(), read()], [0x59, 0x19, 0xd9])
  bench.bus.writePort(control, 1, 0x08)
  assert.equal(read(), 0xd8) // it was initialized
})

test('the end of a strobe interrupts, where the guest has asked for that, until it reads the status', () => {
  const bench = new DeviceBench(guest, properties)
  print(bench, 0x41)
  assert.equal(bench.bus.asserted.has(7), false)
  print(bench, 0x42, interrupts)
  assert.equal(bench.bus.asserted.has(7), true)
  bench.bus.readPort(status, 1)
  assert.equal(bench.bus.asserted.has(7), false)
})

test('registers and an interrupt go along with a saved state', () => {
  const [from, to] = [new DeviceBench(guest, properties), new DeviceBench(guest, properties)]
  print(from, 0x42, interrupts)
  to.device.restore?.(structuredClone(from.device.save?.()))
  assert.equal(to.bus.asserted.has(7), true)
  for (const port of [data, control, status, status])
    assert.equal(to.bus.readPort(port, 1), from.bus.readPort(port, 1), port.toString(16))
})

test('a guest that prints faster than its character device takes waits', () => {
  const bench = new DeviceBench(guest, properties)
  for (let count = 0; count < 65_537; count++) print(bench, 0x2e)
  assert.equal(bench.holds, 1)
  bench.device.settle?.()
  bench.device.receive?.({ count: 1 })
  assert.equal(bench.holds, 0)
})
