import assert from 'node:assert/strict'
import { test } from 'node:test'
import { in8, out8, send, sendAl } from '../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../test/guests/guest-board.ts'
import { deferred } from '../../async/index.ts'
import { DeviceBench } from '../device-bench.ts'
import { guest as pciGuest } from '../pvpanic-pci/guest.ts'
import { guest } from './guest.ts'

const properties = { ioport: 0x505, events: 3 }

test('tells what it takes, and what the guest tells: of a panic and a crash that is dealt with, the panic', () => {
  const { bus, said } = new DeviceBench(guest, properties)
  assert.equal(bus.readPort(0x505, 1), 3)
  for (const event of [0, 1, 2, 3, 4, 255]) bus.writePort(0x505, 1, event)
  assert.deepEqual(said, ['panicked', 'crash-loaded', 'panicked', 'panicked'])
  assert.deepEqual(bus.files, [{ name: 'etc/pvpanic-port', data: Uint8Array.of(5, 5) }])
})

test('is where it was asked for, and nowhere else', () => {
  const { bus } = new DeviceBench(guest, { ioport: 0x600, events: 1 })
  assert.deepEqual([bus.readPort(0x505, 1), bus.readPort(0x600, 1)], [0xff, 1])
})

test('on the PCI bus it is a register in memory, where the guest has put it', () => {
  const bench = new DeviceBench(pciGuest, { events: 3 }, { bus: 'PCI', slot: 4, function: 0 })
  const { bus, said } = bench
  bus.configure(0, 0x10, 4, 0xfebf1000)
  bus.configure(0, 0x04, 2, 2)
  assert.equal(bus.readMemory(0xfebf1000, 1), 3)
  bus.writeMemory(0xfebf1000, 1, 2)
  bus.writeMemory(0xfebf1001, 1, 1)
  assert.deepEqual(said, ['crash-loaded'])
  const [shown] = bus.functions()
  assert.deepEqual([shown!.vendorId, shown!.deviceId, shown!.classCode, shown!.slot], [0x1b36, 0x11, 0x880, 4])
  assert.deepEqual(shown!.regions.map(({ size, address }) => [size, address]), [[2, 0xfebf1000]]) // biome-ignore format: one line
})

test('a guest that executes stands still at a panic, and runs on if it is let', { timeout: 300_000 }, async (t) => {
  const code = [...in8(0x505), ...sendAl, ...out8(0x505, 2), ...send('c'), ...out8(0x505, 1), ...send('p')]
  const said: unknown[] = []
  const panicked = deferred()
  const port = {
    receive: (message: unknown) => {
      said.push(message)
      if (message === 'panicked') panicked.resolve()
    },
  }
  const device = { key: 'p', model: 'pvpanic', properties, place: { bus: 'ISA' } } as const
  const { board, witness } = await guestBoard(t, code, { devices: [{ device, port }] })
  await board.resume()
  await panicked.promise
  assert.deepEqual(said, ['crash-loaded', 'panicked'])
  assert.equal(witness.serial.toString('latin1'), '\x03c')
  assert.equal(board.state, 'paused')
  await board.resume()
  await witness.heard(3)
  assert.equal(witness.serial.toString('latin1'), '\x03cp')
})
