import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtioBench } from '../virtio/virtio-bench.ts'
import { control, controlMessage, readControlMessage } from './control-message.ts'
import { guest } from './guest.ts'
import { virtioSerialPci } from './model.ts'
import type { PortShape, ToSerial } from './wire.ts'

const console: PortShape = { number: 0, name: '', console: true, open: true }
const channel: PortShape = { number: 1, name: 'org.test', console: false, open: false }
/** Queues: of port 0, of control, of port 1; to the driver and from it. */
const queue = { in0: 0, out0: 1, control: 2, controlOut: 3, in1: 4, out1: 5 } as const

const bench = (ports: readonly PortShape[] = [console, channel], wanted?: bigint) =>
  new VirtioBench(guest, virtioSerialPci, {
    properties: { max_ports: 3 },
    beginning: { ports },
    ...(wanted !== undefined && { wanted }),
  })

type Bench = ReturnType<typeof bench>

const tell = (one: Bench, message: ToSerial): void => one.device.receive?.(message)
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))

/** The driver sends a message of control. */
function say(one: Bench, port: number, event: number, value = 1): void {
  one.offer(queue.controlOut, controlMessage({ port, event, value }))
  one.notify(queue.controlOut)
}

const roomsOf = new WeakMap<Bench, number[]>()

/** Makes room for messages of control, and reads those that have come. */
function hear(one: Bench, count: number) {
  const rooms = roomsOf.get(one) ?? []
  roomsOf.set(one, rooms)
  for (let more = 0; more < count; more++) rooms.push(one.offer(queue.control, 64)[0]!)
  one.notify(queue.control)
  return one.used(queue.control).map((length) => {
    const message = one.memory(rooms.shift()!, length)
    const { port, event, value } = readControlMessage(message)!
    return [port, event, value, ...(length > 8 ? [Buffer.from(message.subarray(8, -1)).toString()] : [])]
  })
}

function open(one: Bench, port = 1): void {
  say(one, port, control.portOpen)
  one.said.splice(0)
}

describe('virtio-serial', () => {
  test('says how many ports there can be, and which there are when the driver is ready', () => {
    const one = bench()
    assert.deepEqual([one.config(4, 4), one.common(0x12, 1)], [3, 8])
    say(one, 0xffffffff, control.deviceReady)
    assert.deepEqual(hear(one, 4), [
      [0, control.portAdd, 1],
      [1, control.portAdd, 1],
    ])
    say(one, 0, control.portReady)
    assert.deepEqual(hear(one, 0), [
      [0, control.consolePort, 1],
      [0, control.portOpen, 1],
    ])
  })

  test('names a port, and says when somebody comes to the host’s side and goes', () => {
    const one = bench([channel])
    say(one, 0xffffffff, control.deviceReady)
    say(one, 1, control.portReady)
    tell(one, { type: 'open', port: 1, open: true })
    tell(one, { type: 'open', port: 1, open: false })
    assert.deepEqual(hear(one, 4), [
      [1, control.portAdd, 1],
      [1, control.portName, 1, 'org.test'],
      [1, control.portOpen, 1],
      [1, control.portOpen, 0],
    ])
  })

  test('tells of ports that come and go', () => {
    const one = bench([])
    tell(one, { type: 'added', port: channel })
    say(one, 0xffffffff, control.deviceReady)
    tell(one, { type: 'removed', port: 1 })
    tell(one, { type: 'added', port: { ...channel, number: 2 } })
    assert.deepEqual(hear(one, 4), [
      [1, control.portAdd, 1],
      [1, control.portRemove, 1],
      [2, control.portAdd, 1],
    ])
  })

  test('passes on what the guest sends, if somebody is there', () => {
    const one = bench()
    one.offer(queue.out1, bytes('lost'))
    one.notify(queue.out1)
    assert.deepEqual([one.said, one.used(queue.out1)], [[], [0]])
    tell(one, { type: 'open', port: 1, open: true })
    one.offer(queue.out1, bytes('he'), bytes('llo'))
    one.notify(queue.out1)
    assert.deepEqual(one.said, [{ type: 'sent', port: 1, bytes: bytes('hello') }])
  })

  test('holds back what the host does not take', () => {
    const one = bench()
    for (let count = 0; count < 6; count++) one.offer(queue.out0, new Uint8Array(20_000))
    one.notify(queue.out0)
    const sent = () => one.said.splice(0).map((message) => (message as { bytes: Uint8Array }).bytes.length)
    assert.deepEqual(
      [sent(), one.used(queue.out0)],
      [
        [20_000, 20_000, 20_000, 20_000],
        [0, 0, 0, 0],
      ],
    )
    tell(one, { type: 'through', port: 0, count: 20_000 })
    assert.deepEqual([sent(), one.used(queue.out0)], [[20_000], [0]])
  })

  test('sends a long buffer piece by piece, also after a restore in between', () => {
    const one = bench()
    one.offer(queue.out0, new Uint8Array(100_000).fill(7))
    one.notify(queue.out0)
    const sum = (messages: readonly unknown[]): number =>
      messages.reduce<number>((all, message) => all + (message as { bytes: Uint8Array }).bytes.length, 0)
    assert.equal(sum(one.said), 65_536)
    assert.deepEqual(one.used(queue.out0), [])
    const other = bench()
    for (let page = 0; page < 1 << 20; page += 4096) other.bus.ram.write(page, one.bus.ram.read(page, 4096))
    other.device.restore?.(JSON.parse(JSON.stringify(one.device.save?.())))
    other.said.splice(0)
    other.notify(queue.out0)
    assert.equal(sum(other.said), 34_464)
    assert.deepEqual(other.used(queue.out0), [0])
  })

  test('gives the guest what is for it when it has opened the port, as far as it has room', () => {
    const one = bench()
    const [room] = one.offer(queue.in1, 4)
    tell(one, { type: 'bytes', port: 1, bytes: bytes('abcdef') })
    assert.deepEqual([one.used(queue.in1), one.said], [[], []])
    say(one, 1, control.portOpen)
    assert.deepEqual(one.said.splice(0), [{ type: 'opened', port: 1, open: true }])
    assert.deepEqual([one.used(queue.in1), Buffer.from(one.memory(room!, 4)).toString()], [[4], 'abcd'])
    one.offer(queue.in1, 16)
    one.notify(queue.in1)
    assert.deepEqual([one.used(queue.in1), one.said], [[2], [{ type: 'taken', port: 1 }]])
  })

  test('loses what nobody has listened to when its sender has gone', () => {
    const one = bench()
    tell(one, { type: 'open', port: 1, open: true })
    tell(one, { type: 'bytes', port: 1, bytes: bytes('abc') })
    tell(one, { type: 'open', port: 1, open: false })
    assert.deepEqual(one.said, [{ type: 'taken', port: 1 }])
    one.offer(queue.in1, 16)
    open(one)
    assert.deepEqual(one.used(queue.in1), [])
  })

  test('a reset closes what the guest has opened', () => {
    const one = bench()
    open(one)
    one.status = 0
    assert.deepEqual(one.said, [{ type: 'opened', port: 1, open: false }])
  })

  test('a driver that knows of one port has the first one, which is open', () => {
    const one = bench([console], 1n << 32n)
    one.offer(queue.in0, 16)
    tell(one, { type: 'bytes', port: 0, bytes: bytes('hi') })
    assert.deepEqual([one.used(queue.in0), one.said], [[2], [{ type: 'taken', port: 0 }]])
  })

  test('takes a byte without any queue', () => {
    const one = bench()
    one.setConfig(8, 0x41)
    assert.deepEqual(one.said, [{ type: 'sent', port: 0, bytes: bytes('A') }])
  })

  test('its state goes along, with what is unread, and is refused by one that has other ports', () => {
    const one = bench()
    open(one)
    tell(one, { type: 'bytes', port: 1, bytes: bytes('abc') })
    const state = JSON.parse(JSON.stringify(one.device.save?.()))
    const other = bench()
    other.device.restore?.(state)
    assert.deepEqual(other.said.splice(0), [{ type: 'opened', port: 1, open: true }])
    other.offer(queue.in1, 16)
    other.notify(queue.in1)
    assert.deepEqual([other.used(queue.in1), other.said], [[3], [{ type: 'taken', port: 1 }]])
    assert.throws(() => bench([channel]).device.restore?.(state), { message: 'its ports are 0, 1, not 1' })
  })

  test('what no driver sends is harmless', () => {
    const one = bench()
    one.offer(queue.controlOut, new Uint8Array(3))
    one.offer(queue.controlOut, 64)
    for (const event of [0, 1, 2, 3, 4, 5, 6, 7, 99]) say(one, 77, event)
    for (const which of [queue.out0, queue.out1, 6, 7]) {
      one.offer(which, 64)
      one.notify(which)
    }
    one.notify(200)
    assert.equal(one.status, 0x0f)
    one.writeDescriptor(queue.out1, 0, { address: 0x1000, length: 8, flags: 1, next: 0 })
    one.setAvailableIndex(queue.out1, 40_000)
    one.notify(queue.out1)
    assert.equal(one.status & 0x40, 0x40)
    one.status = 0
    assert.equal(one.status, 0)
  })
})
