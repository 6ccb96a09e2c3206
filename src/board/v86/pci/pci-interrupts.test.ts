import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigSpace } from '../../pci/config-space.ts'
import { isaBridge, pirqRoutes } from '../../pci/pc-functions.ts'
import type { V86Cpu } from '../v86-internals.ts'
import { PciInterrupts } from './pci-interrupts.ts'

const nic = (slot: number, interruptPin: number, fn = 0): ConfigSpace =>
  new ConfigSpace({ slot, function: fn, vendorId: 0x10ec, deviceId: 0x8029, classCode: 0x020000, interruptPin })

/** A bridge whose lines go to the interrupts 10, 10, 11, 11, as SeaBIOS has them, and what is asserted behind it. */
function routed() {
  const asserted = new Set<number>()
  const cpu = {
    device_raise_irq: (irq: number) => void asserted.add(irq),
    device_lower_irq: (irq: number) => void asserted.delete(irq),
  } as unknown as V86Cpu
  const bridge = new ConfigSpace(isaBridge)
  const interrupts = new PciInterrupts(cpu, bridge)
  const route = (...values: readonly number[]): void => {
    const before = interrupts.routes()
    for (const [line, value] of values.entries()) bridge.write(pirqRoutes + line, 1, value)
    interrupts.rerouted(before)
  }
  route(10, 10, 11, 11)
  return { interrupts, route, asserted: () => [...asserted].sort((one, other) => one - other) }
}

test('the pins of the functions turn by one from slot to slot', () => {
  const { interrupts, route, asserted } = routed()
  route(5, 9, 10, 11)
  const seen = []
  for (const [slot, pin] of [
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [5, 1],
    [3, 2],
    [3, 4],
  ] as const) {
    const space = nic(slot, pin)
    interrupts.set(space, true)
    seen.push(...asserted())
    interrupts.set(space, false)
  }
  assert.deepEqual(seen, [5, 9, 10, 11, 5, 11, 9])
  assert.deepEqual(asserted(), [])
})

test('an interrupt lasts as long as one of those that share it wants it', () => {
  const { interrupts, asserted } = routed()
  const [one, other, third] = [nic(3, 1), nic(7, 1), nic(4, 1)] // the first two share the line, all the interrupt
  for (const space of [one, other, third]) interrupts.set(space, true)
  interrupts.set(one, false)
  assert.deepEqual(asserted(), [11])
  interrupts.set(third, false)
  assert.deepEqual(asserted(), [11])
  interrupts.set(other, false)
  assert.deepEqual(asserted(), [])
})

test('a route that changes takes what is asserted along, and one to nowhere asserts nothing', () => {
  const { interrupts, route, asserted } = routed()
  interrupts.set(nic(3, 1), true)
  route(10, 10, 5, 11)
  assert.deepEqual(asserted(), [5])
  for (const nowhere of [0x80, 0x8a, 0x10, 0x7f, 0xff]) {
    route(10, 10, nowhere, 11)
    assert.deepEqual(asserted(), [], nowhere.toString(16))
  }
  route(10, 10, 9, 11)
  assert.deepEqual(asserted(), [9])
})

test('a function whose interrupt is switched off in its command register only shows that it wants one', () => {
  const { interrupts, asserted } = routed()
  const space = nic(3, 1)
  space.write(4, 2, 0x0400)
  interrupts.set(space, true)
  assert.deepEqual(asserted(), [])
  assert.equal(space.read(6, 2) & 8, 8)
  space.write(4, 2, 0)
  interrupts.update(space)
  assert.deepEqual(asserted(), [11])
})

test('a function without a pin has no interrupt, and after a reset none is wanted', () => {
  const { interrupts, asserted } = routed()
  interrupts.set(nic(3, 0), true)
  assert.deepEqual(asserted(), [])
  interrupts.set(nic(3, 1), true)
  interrupts.reset()
  const other = nic(7, 1)
  interrupts.set(other, true)
  assert.deepEqual(asserted(), [11])
  interrupts.set(other, false)
  assert.deepEqual(asserted(), [])
})
