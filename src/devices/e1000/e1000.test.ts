import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DeviceBench } from '../device-bench.ts'
import type { FromCard, ToCard } from '../nic/wire.ts'
import { guest } from './guest.ts'

const base = 0xfeb80000
const mac = [0x52, 0x54, 0, 0x12, 0x34, 0x99] as const
const [control, status, eecd, eerd, mdic, icr, ics, ims, imc] = [0, 8, 0x10, 0x14, 0x20, 0xc0, 0xc8, 0xd0, 0xd8]
const [rctl, tctl, rdbal, rdlen, rdh, rdt] = [0x100, 0x400, 0x2800, 0x2808, 0x2810, 0x2818]
const [tdbal, tdlen, tdh, tdt] = [0x3800, 0x3808, 0x3810, 0x3818]
const [txRing, rxRing, buffers] = [0x1000, 0x2000, 0x10000]
const count = 8

/** A card in a PC whose memory the test writes. */
function card(beginning: unknown = { linkUp: true }) {
  const bench = new DeviceBench(
    guest,
    { mac: '52:54:00:12:34:99', rombar: 1 },
    { bus: 'PCI', slot: 3, function: 0 },
    beginning,
  )
  const { bus, device } = bench
  bus.configure(0, 0x10, 4, base)
  bus.configure(0, 0x04, 2, 6)
  const read = (offset: number): number => bus.readMemory(base + offset, 4) >>> 0
  const write = (offset: number, value: number): void => bus.writeMemory(base + offset, 4, value)
  const tell = (message: ToCard): void => device.receive?.(message)
  const said = (): FromCard[] => bench.said as FromCard[]
  const start = (): void => {
    for (const [low, length, ring] of [
      [tdbal, tdlen, txRing],
      [rdbal, rdlen, rxRing],
    ] as const) {
      write(low, ring)
      write(length, count * 16)
    }
    for (let index = 0; index < count; index++) descriptor(rxRing, index, buffers + index * 2048, 0, 0)
    write(tctl, 2)
    write(rctl, 0x8002) // with broadcasts
    write(rdt, count - 1)
  }
  const descriptor = (ring: number, index: number, address: number, lower: number, upper: number): void => {
    const bytes = Buffer.alloc(16)
    bytes.writeUInt32LE(address)
    bytes.writeUInt32LE(lower >>> 0, 8)
    bytes.writeUInt32LE(upper >>> 0, 12)
    bus.ram.write(ring + index * 16, bytes)
  }
  const sent = (): Uint8Array[] => {
    device.settle?.()
    return said().flatMap((message) => (message.kind === 'frames' ? message.frames : []))
  }
  return { ...bench, bus, device, read, write, tell, said, start, descriptor, sent }
}

const forIt = (text: string): Uint8Array =>
  Buffer.concat([Buffer.from([...mac]), Buffer.alloc(8, 7), Buffer.from(text)])

test('is what QEMU has: ids, regions, and the address in its EEPROM and its first filter', () => {
  const { bus, read, write } = card()
  const [found] = bus.functions()
  assert.deepEqual([found!.vendorId, found!.deviceId, found!.classCode], [0x8086, 0x100e, 0x0200])
  assert.deepEqual([read(0x5400), read(0x5404)], [0x12005452, 0x80009934])
  const word = (address: number): number => {
    write(eerd, 1 | (address << 8))
    assert.equal(read(eerd) & 0x10, 0x10)
    return read(eerd) >>> 16
  }
  assert.deepEqual([word(0), word(1), word(2)], [0x5452, 0x1200, 0x9934])
  assert.equal(Array.from({ length: 64 }, (_, at) => word(at)).reduce((sum, one) => sum + one) & 0xffff, 0xbaba)
})

test('its EEPROM is read by three wires, too', () => {
  const { read, write } = card()
  const clock = (bit: number): number => {
    write(eecd, 2 | (bit << 2))
    write(eecd, 3 | (bit << 2))
    const out = (read(eecd) >> 3) & 1
    write(eecd, 2 | (bit << 2))
    return out
  }
  const word = (address: number): number => {
    write(eecd, 2)
    for (let bit = 8; bit >= 0; bit--) clock((((0b110 << 6) | address) >> bit) & 1)
    let value = 0
    for (let bit = 0; bit < 16; bit++) {
      write(eecd, 3)
      value = (value << 1) | ((read(eecd) >> 3) & 1)
      write(eecd, 2)
    }
    write(eecd, 0)
    return value
  }
  assert.deepEqual([word(0), word(1), word(2)], [0x5452, 0x1200, 0x9934])
})

test('its transceiver tells of the link, and the status does; a change is an interrupt', () => {
  const { read, write, tell, bus, device } = card({ linkUp: false })
  const phy = (index: number): number => {
    write(mdic, (1 << 27) | (1 << 21) | (index << 16))
    return read(mdic) & 0xffff
  }
  assert.deepEqual([read(status) & 2, phy(1) & 4, phy(2)], [0, 0, 0x0141])
  write(ims, 4)
  tell({ kind: 'link', up: true })
  assert.deepEqual([read(status) & 2, phy(1) & 0x24, bus.assertedFunctions.size], [2, 0x24, 1])
  assert.deepEqual([read(icr), read(icr), bus.assertedFunctions.size], [4, 0, 0])
  write(ics, 4)
  assert.equal(bus.assertedFunctions.size, 0) // not within the instruction
  device.settle?.()
  assert.equal(bus.assertedFunctions.size, 1)
  write(imc, 4)
  assert.equal(bus.assertedFunctions.size, 0)
})

test('sends what descriptors hold, a packet in several, and says that it has', () => {
  const { bus, start, descriptor, write, read, sent } = card()
  start()
  bus.ram.write(buffers, Buffer.from('a frame in '))
  bus.ram.write(buffers + 100, Buffer.from('two pieces'))
  descriptor(txRing, 0, buffers, 11, 0)
  descriptor(txRing, 1, buffers + 100, 10 | (0x09 << 24), 0)
  write(ims, 1)
  write(tdt, 2)
  assert.deepEqual(
    sent().map((frame) => Buffer.from(frame).toString()),
    ['a frame in two pieces'],
  )
  assert.deepEqual([read(tdh), bus.ram.read(txRing + 16 + 12, 1)[0], read(icr) & 3], [2, 1, 3])
})

test('cuts a long TCP packet into frames with headers and checksums of their own', () => {
  const { bus, start, descriptor, write, sent } = card()
  start()
  const head = Buffer.alloc(54)
  head.writeUInt16BE(0x0800, 12)
  head.set([0x45, 0, 0, 0, 0, 7, 0, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2], 14)
  head.writeUInt32BE(0xfffffff0, 38) // sequence
  head[46] = 0x50
  head[47] = 0x19 // ACK, PSH, FIN
  // The pseudo header without a length, as a driver sums it.
  let sum = 0x0a00 + 0x020f + 0x0a00 + 0x0202 + 6
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff)
  head.writeUInt16BE(sum, 50)
  const payload = Buffer.from(Uint8Array.from({ length: 2500 }, (_, at) => at & 0xff))
  bus.ram.write(buffers, Buffer.concat([head, payload]))
  const context = Buffer.alloc(16)
  context.set([14, 24, 33, 0, 34, 50, 0, 0])
  context.writeUInt32LE((payload.length | (0x27 << 24)) >>> 0, 8) // TCP, IPv4, segmentation, extended
  context.set([0, 54], 12)
  context.writeUInt16LE(1000, 14)
  bus.ram.write(txRing, context)
  descriptor(txRing, 1, buffers, (54 + 2500) | (1 << 20) | (0x25 << 24), 0x0300)
  write(tdt, 2)
  const frames = sent().map((frame) => Buffer.from(frame))
  assert.deepEqual(
    frames.map(({ length }) => length),
    [1054, 1054, 554],
  )
  assert.ok(Buffer.concat(frames.map((frame) => frame.subarray(54))).equals(payload))
  assert.deepEqual(
    frames.map((frame) => frame.readUInt32BE(38)),
    [0xfffffff0, 0x3d8, 0x7c0],
  )
  assert.deepEqual(
    frames.map((frame) => frame[47]),
    [0x10, 0x10, 0x19],
  )
  assert.deepEqual(
    frames.map((frame) => frame.readUInt16BE(18)),
    [7, 8, 9],
  )
  for (const frame of frames) {
    const words = (from: number, to: number, begin: number): number => {
      let total = begin
      for (let at = from; at < to; at += 2) total += frame.readUInt16BE(at)
      while (total > 0xffff) total = (total >> 16) + (total & 0xffff)
      return total
    }
    assert.equal(words(14, 34, 0), 0xffff)
    assert.equal(words(34, frame.length, 0x0a00 + 0x020f + 0x0a00 + 0x0202 + 6 + frame.length - 34), 0xffff)
  }
})

test('receives what is for it, and lets wait what there is no room for', () => {
  const { bus, start, write, read, tell, said } = card()
  start()
  write(ims, 0x80)
  const others = Buffer.concat([Buffer.from([2, 2, 2, 2, 2, 2]), Buffer.alloc(60)])
  tell({ kind: 'frames', frames: [forIt('first'), others] })
  assert.deepEqual([read(rdh), bus.assertedFunctions.size], [1, 1])
  const written = Buffer.from(bus.ram.read(rxRing, 16))
  assert.deepEqual([written.readUInt16LE(8), written[12]], [64, 7])
  assert.equal(Buffer.from(bus.ram.read(buffers, 19)).subarray(14).toString(), 'first')
  tell({ kind: 'frames', frames: Array.from({ length: 10 }, (_, index) => forIt(`frame ${index}`)) })
  assert.equal(read(rdh), count - 1)
  const taken = (): number => said().reduce((sum, message) => sum + (message.kind === 'taken' ? message.frames : 0), 0)
  assert.equal(taken(), 8)
  write(rdt, 3)
  assert.equal(taken(), 12)
})

test('takes a long frame in several descriptors, and none while it is off', () => {
  const { bus, start, write, read, tell } = card()
  start()
  write(rctl, 0x8022 | (3 << 16)) // buffers of 256 bytes
  tell({ kind: 'frames', frames: [Buffer.concat([forIt(''), Buffer.alloc(600)])] })
  assert.equal(read(rdh), 3)
  const flags = [0, 1, 2].map((index) => bus.ram.read(rxRing + 16 * index + 12, 1)[0])
  assert.deepEqual(flags, [1, 1, 7])
  write(rctl, 0)
  tell({ kind: 'frames', frames: [forIt('later')] })
  assert.equal(read(rdh), 3)
  write(rctl, 0x8002)
  assert.equal(read(rdh), 4)
})

test('stops reading its ring while what it sent has not gone on', () => {
  const { start, descriptor, write, read, tell, sent } = card()
  start()
  for (let index = 0; index < count; index++) descriptor(txRing, index, buffers, 60_000 | (0x0b << 24), 0)
  let told = 0
  for (let turn = 0; turn < 10; turn++) {
    write(tdt, (read(tdh) + count - 1) % count)
    told = sent().length
  }
  assert.ok(told < 20, `${told} frames of 60 000 bytes`)
  const stuck = read(tdh)
  tell({ kind: 'passed', bytes: told * 60_000 })
  assert.notEqual(read(tdh), stuck)
})

test('saved in the middle of a packet, another card goes on with it', () => {
  const [one, other] = [card(), card()]
  one.start()
  one.bus.ram.write(buffers, Buffer.from('half and '))
  one.descriptor(txRing, 0, buffers, 9, 0)
  one.write(tdt, 1)
  other.device.restore?.(JSON.parse(JSON.stringify(one.device.save?.())))
  other.bus.ram.write(buffers, Buffer.from('half'))
  other.descriptor(txRing, 1, buffers, 4 | (0x09 << 24), 0)
  other.write(tdt, 2)
  assert.equal(Buffer.from(other.sent()[0]!).toString(), 'half and half')
})

test('a reset forgets what the guest has written, and keeps the address', () => {
  const { start, write, read } = card()
  start()
  write(0x5400, 0)
  write(control, 1 << 26)
  assert.deepEqual([read(rctl), read(tctl), read(rdlen), read(0x5400)], [0, 0, 0, 0x12005452])
})

test('whatever a guest writes and whatever comes, nothing is thrown', () => {
  const offset = fc.oneof(
    fc.constantFrom(
      control,
      eecd,
      eerd,
      mdic,
      icr,
      ics,
      ims,
      imc,
      rctl,
      tctl,
      rdbal,
      rdlen,
      rdh,
      rdt,
      tdbal,
      tdlen,
      tdh,
      tdt,
    ),
    fc.nat(0x1ffff),
  )
  const action = fc.oneof(
    fc.tuple(fc.constant('write' as const), offset, fc.oneof(fc.nat(0xffffffff), fc.nat(0x40)), fc.constantFrom(1, 4)),
    fc.tuple(fc.constant('read' as const), offset, fc.constant(0), fc.constantFrom(1, 4)),
    fc.tuple(fc.constant('frame' as const), fc.nat(3000), fc.nat(0xff), fc.constant(4)),
    fc.tuple(fc.constant('memory' as const), fc.nat(0x4000), fc.nat(0xffffffff), fc.constant(4)),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const { bus, start, tell, sent, device } = card()
      start()
      for (const [kind, at, value, width] of actions) {
        if (kind === 'write') bus.writeMemory(base + at, width as 1 | 4, value)
        else if (kind === 'read') bus.readMemory(base + at, width as 1 | 4)
        else if (kind === 'frame') tell({ kind: 'frames', frames: [new Uint8Array(at).fill(value)] })
        else bus.ram.write(at, Buffer.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24))
      }
      sent()
      device.restore?.(JSON.parse(JSON.stringify(device.save?.())))
    }),
    { numRuns: 400 },
  )
})
