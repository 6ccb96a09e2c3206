import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deferred } from '../../async/index.ts'
import { host } from '../byte-output/host.ts'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'

const properties = { iobase: 0xe9, readback: 0x1e9 }

const textOf = (said: readonly unknown[]): string =>
  Buffer.concat(said.map((message) => (message as { bytes: Uint8Array }).bytes)).toString('latin1')

test('gathers what the guest writes, byte by byte; words are not for it; reading tells that it is there', () => {
  const { bus, device, said } = new DeviceBench(guest, properties)
  assert.deepEqual([bus.readPort(0xe9, 1), bus.readPort(0xe9, 2)], [0xe9, 0])
  for (const byte of Buffer.from('Hello')) bus.writePort(0xe9, 1, byte)
  bus.writePort(0xe9, 2, 0x4141)
  assert.deepEqual(said, [])
  device.settle?.()
  device.settle?.()
  assert.equal(said.length, 1)
  assert.equal(textOf(said), 'Hello')
})

test('a guest that prints faster than its text is taken waits, until it has been taken', () => {
  const bench = new DeviceBench(guest, properties)
  for (let count = 0; count < 65_537; count++) bench.bus.writePort(0xe9, 1, 0x2e)
  assert.equal(bench.holds, 1)
  bench.device.settle?.()
  bench.device.receive?.({ count: 1 })
  assert.equal(bench.holds, 0)
})

test('tells the guest what has been passed on when there is room for more', async () => {
  const told: unknown[] = []
  const room = deferred()
  const services = { output: () => room.promise } as never
  const device = host({ properties, services })
  device.connected?.({ send: (message) => void told.push(message) })
  device.receive({ bytes: Uint8Array.of(1, 2, 3) })
  await Promise.resolve()
  assert.deepEqual(told, [])
  room.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(told, [{ count: 3 }])
})
