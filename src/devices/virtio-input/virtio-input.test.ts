import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InputHandlers } from '../../input/index.ts'
import { VirtioBench } from '../virtio/virtio-bench.ts'
import { keyboard, mouse, tablet } from './guest.ts'
import { keyboard as keyboardHost, tablet as tabletHost } from './host.ts'
import { virtioKeyboardPci, virtioMousePci, virtioTabletPci } from './model.ts'
import type { Report } from './wire.ts'

function ask(bench: VirtioBench, what: number, which: number): Uint8Array {
  bench.setConfig(0, what)
  bench.setConfig(1, which)
  return Uint8Array.from({ length: bench.config(2) }, (_, index) => bench.config(8 + index))
}

test('a driver finds what the devices are, in QEMU’s words and numbers', () => {
  const one = new VirtioBench(tablet, virtioTabletPci, { properties: { serial: 'S1' } })
  assert.equal(Buffer.from(ask(one, 1, 0)).toString(), 'QEMU Virtio Tablet\0')
  assert.equal(Buffer.from(ask(one, 2, 0)).toString(), 'S1')
  assert.deepEqual([...ask(one, 3, 0)], [6, 0, 0x27, 6, 3, 0, 2, 0])
  assert.deepEqual([...ask(one, 0x11, 3)], [3])
  assert.deepEqual([...ask(one, 0x11, 2)], [0, 1])
  assert.deepEqual([...ask(one, 0x12, 1)].slice(0, 8), [0, 0, 0, 0, 0xff, 0x7f, 0, 0])
  assert.deepEqual([...ask(one, 0x12, 2)], [])
  assert.equal(one.config(0), 0) // what is not there does not say what was asked
  const other = new VirtioBench(mouse, virtioMousePci, { properties: { 'wheel-axis': false } })
  assert.deepEqual([...ask(other, 0x11, 2)], [3])
  assert.deepEqual([...ask(other, 3, 0)].slice(4), [2, 0, 1, 0])
  const keys = ask(new VirtioBench(keyboard, virtioKeyboardPci), 0x11, 1)
  assert.equal(keys[3]! & (1 << 6), 1 << 6) // KEY_A is 30
})

test('a report comes whole, or not at all if the driver has too little room', () => {
  const one = new VirtioBench(mouse, virtioMousePci)
  assert.deepEqual(one.said.splice(0), [{ type: 'active', active: true }])
  const report: Report = {
    events: [
      [2, 0, -3],
      [0, 0, 0],
    ],
  }
  const [room] = one.offer(0, 8)
  one.device.receive?.(report)
  assert.deepEqual(one.used(0), [])
  one.offer(0, 8)
  one.device.receive?.(report)
  assert.deepEqual(one.used(0), [8, 8])
  assert.deepEqual([...one.memory(room!, 8)], [2, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff])
  one.status = 0
  assert.deepEqual(one.said, [{ type: 'active', active: false }])
  one.device.receive?.(report)
})

test('the driver lights lamps; what is no event of that kind is given back', () => {
  const one = new VirtioBench(keyboard, virtioKeyboardPci)
  one.said.splice(0)
  one.offer(1, Uint8Array.of(0x11, 0, 1, 0, 1, 0, 0, 0))
  one.offer(1, Uint8Array.of(0x11))
  one.offer(1, Uint8Array.of(0x14, 0, 1, 0, 1, 0, 0, 0))
  one.notify(1)
  assert.deepEqual(one.used(1), [8, 1, 8])
  one.device.settle?.()
  assert.deepEqual(one.said, [{ type: 'lamps', said: 6, lit: 4 }])
})

test('a driver that changes its lamps without end is told of once, if there is something to tell', () => {
  const one = new VirtioBench(keyboard, virtioKeyboardPci)
  one.said.splice(0)
  const flicker = (...values: readonly number[]): void => {
    for (const value of values) one.offer(1, Uint8Array.of(0x11, 0, 1, 0, value, 0, 0, 0))
    one.notify(1)
  }
  flicker(0, 1, 0, 1)
  flicker(0, 1)
  one.device.settle?.()
  assert.deepEqual(one.said.splice(0), [{ type: 'lamps', said: 4, lit: 4 }])
  flicker(0, 1)
  one.offer(1, Uint8Array.of(0x11, 0, 0xff, 0xff, 1, 0, 0, 0)) // there is no such lamp
  one.notify(1)
  one.device.settle?.()
  assert.deepEqual(one.said, [])
  one.device.reset?.()
  one.device.settle?.()
  assert.deepEqual(one.said, [{ type: 'active', active: false }])
})

test('the host’s side takes events before all others while there is a driver, and after all others without one', () => {
  const inputs = new InputHandlers()
  const names = () => inputs.mice().map(({ name }) => name)
  inputs.register({ name: 'other', takes: ['btn', 'rel'], event: () => undefined })
  const sent: unknown[] = []
  const device = tabletHost({ properties: { 'wheel-axis': true }, services: { inputs } as never })
  device.connected?.({ send: (message) => sent.push(message) })
  assert.deepEqual(names(), ['QEMU Virtio Tablet', 'other'])
  inputs.send({ type: 'abs', axis: 'x', value: 5 })
  inputs.sync()
  assert.deepEqual(sent, [])
  device.receive({ type: 'active', active: true })
  assert.deepEqual(names(), ['other', 'QEMU Virtio Tablet'])
  inputs.send({ type: 'abs', axis: 'y', value: 5 })
  inputs.send({ type: 'btn', button: 'wheel-down', down: true })
  inputs.send({ type: 'btn', button: 'wheel-left', down: true })
  inputs.sync()
  assert.deepEqual(sent.splice(0), [
    {
      events: [
        [3, 1, 5],
        [2, 8, -1],
        [0, 0, 0],
      ],
    },
  ])
  device.beginning?.()
  assert.deepEqual(names(), ['QEMU Virtio Tablet', 'other'])
  void device.closed?.()
  assert.deepEqual(names(), ['other'])
})

test('keys go by their names where they have no number; lamps are the machine’s', () => {
  const inputs = new InputHandlers()
  const sent: unknown[] = []
  const device = keyboardHost({ properties: {}, services: { inputs } as never })
  device.connected?.({ send: (message) => sent.push(message) })
  device.receive({ type: 'active', active: true })
  inputs.send({ type: 'key', key: 0, name: 'menu', down: true })
  inputs.send({ type: 'key', key: 0x9d, down: true })
  inputs.sync()
  assert.deepEqual(sent, [
    {
      events: [
        [1, 139, 1],
        [1, 97, 1],
        [0, 0, 0],
      ],
    },
  ])
  inputs.setLeds(1)
  device.receive({ type: 'lamps', said: 6, lit: 6 })
  device.receive({ type: 'lamps', said: 6, lit: 2 })
  assert.equal(inputs.leds, 3)
})
