import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DeviceBench } from '../device-bench.ts'
import type { FromCard, ToCard } from '../nic/wire.ts'
import { guest } from './guest.ts'

const base = 0xc000
const mac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x99)
const [txRing, rxRing, buffers, receiving] = [0x1000, 0x2000, 0x10000, 0x30000]
const owned = 0x80000000

function card(linkUp = true) {
  const place = { bus: 'PCI', slot: 3, function: 0 } as const
  const bench = new DeviceBench(guest, { mac: '52:54:00:12:34:99', rombar: 1 }, place, { linkUp })
  const { bus, device } = bench
  bus.configure(0, 0x10, 4, base)
  bus.configure(0, 0x04, 2, 5)
  const read = (offset: number, size: 1 | 2 | 4 = 4): number => bus.readPort(base + offset, size)
  const write = (offset: number, value: number, size: 1 | 2 | 4 = 4): void => bus.writePort(base + offset, size, value)
  const words = (address: number, ...values: number[]): void => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [at, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * at)
    bus.ram.write(address, bytes)
  }
  const word = (address: number): number => Buffer.from(bus.ram.read(address, 4)).readUInt32LE()
  const tell = (message: ToCard): void => device.receive?.(message)
  const said = (): FromCard[] => {
    device.settle?.()
    return bench.said as FromCard[]
  }
  const sent = (): Buffer[] =>
    said().flatMap((one) => (one.kind === 'frames' ? one.frames.map((frame) => Buffer.from(frame)) : []))
  /** Rings of four descriptors each. */
  const startPlus = (): void => {
    for (let at = 0; at < 4; at++)
      words(rxRing + 16 * at, owned + (at === 3 ? 0x40000000 : 0) + 1600, 0, buffers + 2048 * at, 0)
    write(0xe0, 3, 2)
    write(0x37, 0x0c, 1)
    write(0x20, txRing)
    write(0xe4, rxRing)
    write(0x44, 0x0a)
    write(0x3c, 0x35, 2)
  }
  return { bus, device, read, write, words, word, tell, said, sent, startPlus }
}

const forIt = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => mac[at] ?? at & 0xff)

test('is what QEMU has: ids, version, and the address in its registers and its EEPROM', () => {
  const { bus, read, write } = card()
  const [found] = bus.functions()
  assert.deepEqual([found!.vendorId, found!.deviceId], [0x10ec, 0x8139])
  assert.deepEqual([read(0), read(4) & 0xffff, read(0x40)], [0x12005452, 0x9934, 0x74800000])
  assert.deepEqual([read(0x58, 1) & 4, read(0x64, 2) & 4], [0, 4])
  write(0xda, 1536, 2)
  assert.equal(read(0xda, 2), 0) // or it would be taken for an RTL8169
  const clock = (bit: number): number => {
    for (const wires of [0, 4]) write(0x50, 0x88 | wires | (bit << 1), 1)
    const out = read(0x50, 1) & 1
    write(0x50, 0x88 | (bit << 1), 1)
    return out
  }
  const eeprom = (address: number): number => {
    write(0x50, 0x80, 1)
    write(0x50, 0x88, 1)
    for (let bit = 8; bit >= 0; bit--) clock(((0b110_000000 | address) >> bit) & 1)
    let value = 0
    for (let bit = 0; bit < 16; bit++) value = (value << 1) | clock(0)
    return value
  }
  assert.deepEqual([0, 1, 2, 7, 8, 9].map(eeprom), [0x8129, 0x10ec, 0x8139, 0x5452, 0x1200, 0x9934])
})

test('sends from four buffers in turn, and says of each that it was sent', () => {
  const { write, read, bus, sent } = card()
  write(0x37, 0x04, 1)
  write(0x3c, 0x04, 2)
  for (let at = 0; at < 5; at++) {
    bus.ram.write(buffers + 2048 * (at % 4), new Uint8Array(60 + at).fill(at))
    write(0x20 + 4 * (at % 4), buffers + 2048 * (at % 4))
    write(0x10 + 4 * (at % 4), 60 + at)
  }
  assert.deepEqual(
    sent().map((frame) => [frame.length, frame[0]]),
    [0, 1, 2, 3, 4].map((at) => [60 + at, at]),
  )
  assert.deepEqual([read(0x10) >>> 0, read(0x60, 2), read(0x3e, 2)], [0xa000 | 64, 0xf00f, 4])
  assert.equal(bus.assertedFunctions.size, 1)
  write(0x3e, 4, 2)
  assert.deepEqual([read(0x3e, 2), bus.assertedFunctions.size], [0, 0])
})

test('puts what comes into one buffer without an end, as long as there is room', () => {
  const { write, read, word, tell, said, bus } = card()
  write(0x30, receiving)
  write(0x44, 0x0a)
  write(0x37, 0x08, 1)
  assert.equal(read(0x37, 1) & 1, 1)
  tell({ kind: 'frames', frames: Array.from({ length: 9 }, () => forIt(1000)) })
  const taken = (): number => said().reduce((sum, one) => sum + (one.kind === 'taken' ? one.frames : 0), 0)
  assert.deepEqual([taken(), read(0x37, 1) & 1, read(0x3a, 2)], [8, 0, 8 * 1008])
  assert.equal(word(receiving), (1004 << 16) | 0x4001)
  assert.deepEqual(Buffer.from(bus.ram.read(receiving + 4, 1000)), Buffer.from(forIt(1000)))
  write(0x38, 4 * 1008 - 16, 2)
  assert.deepEqual([taken(), read(0x3a, 2)], [9, (9 * 1008) % 8192])
  write(0x38, ((9 * 1008) % 8192) - 16, 2)
  assert.equal(read(0x37, 1) & 1, 1)
})

test('leaves out what is longer than the chip takes, or than there is room for behind the buffer', () => {
  for (const [config, behind] of [
    [0x0a, 0],
    [0x8a, 1536],
  ] as const) {
    const { write, read, tell, said, bus } = card()
    write(0x30, receiving)
    write(0x44, config)
    write(0x37, 0x08, 1)
    const guard = Buffer.alloc(0x8000, 0xee)
    const end = receiving + 8192 + behind
    bus.ram.write(end, guard)
    /** @returns how many frames have been taken by now, and where the next one goes */
    const put = (length: number): readonly [number, number] => {
      tell({ kind: 'frames', frames: [forIt(length)] })
      return [said().reduce((sum, one) => sum + (one.kind === 'taken' ? one.frames : 0), 0), read(0x3a, 2)]
    }
    assert.deepEqual([4093, 9000, 20_000, 4092, 3000].map(put), [
      ...[1, 2, 3].map((taken) => [taken, 0]),
      ...[
        [4, 4100],
        [5, 7108],
      ],
    ])
    write(0x38, 7108 - 16, 2)
    assert.deepEqual(put(3000), [6, behind ? 7108 : 1924])
    assert.deepEqual(put(1400), [7, behind ? 324 : 3332])
    assert.deepEqual(Buffer.from(bus.ram.read(end, guard.length)), guard)
  }
})

test('reads and fills rings of descriptors, and waits where there is none', () => {
  const { write, words, word, sent, startPlus, tell, said, bus, read } = card()
  startPlus()
  bus.ram.write(buffers + 0x8000, new Uint8Array(100).fill(1))
  words(txRing, owned + 0x20000000 + 40, 0, buffers + 0x8000, 0, owned + 0x50000000 + 60, 0, buffers + 0x8028, 0)
  write(0xd9, 0x40, 1)
  assert.deepEqual(
    sent().map(({ length }) => length),
    [100],
  )
  assert.deepEqual([word(txRing) & owned, word(txRing + 16) & owned, read(0x3e, 2)], [0, 0, 4])
  tell({ kind: 'frames', frames: Array.from({ length: 5 }, () => forIt(100)) })
  const taken = (): number => said().reduce((sum, one) => sum + (one.kind === 'taken' ? one.frames : 0), 0)
  assert.deepEqual([taken(), word(rxRing) >>> 0, read(0x3e, 2)], [4, 0x32000000 + 104, 0x15])
  assert.deepEqual(Buffer.from(bus.ram.read(buffers, 100)), Buffer.from(forIt(100)))
  words(rxRing, owned + 1600, 0, buffers, 0)
  write(0x3e, 0xffff, 2)
  assert.equal(taken(), 5)
})

test('puts in checksums, and cuts what is too long, as the guest asks', () => {
  const { write, words, word, bus, sent, startPlus } = card()
  startPlus()
  const packet = Buffer.alloc(14 + 20 + 20 + 2500, 3)
  packet.writeUInt16BE(0x0800, 12)
  Buffer.from('4500 0000 0001 0000 40 06 0000 0a00020f 0a000202'.replaceAll(' ', ''), 'hex').copy(packet, 14)
  packet.writeUInt16BE(packet.length - 14, 16)
  Buffer.from('0400 0050 00000064 00000000 50 19 1000 0000 0000'.replaceAll(' ', ''), 'hex').copy(packet, 34)
  bus.ram.write(buffers + 0x8000, packet)
  words(txRing, owned + 0x78000000 + (1000 << 16) + packet.length, 0, buffers + 0x8000, 0)
  write(0xd9, 0x40, 1)
  const frames = sent()
  assert.equal(word(txRing), 0x78000000 + packet.length) // without an error
  assert.deepEqual(
    frames.map((frame) => [frame.length - 54, frame.readUInt32BE(38), frame[47], frame.readUInt16BE(18)]),
    [
      [1000, 100, 0x10, 1],
      [1000, 1100, 0x10, 2],
      [500, 2100, 0x19, 3],
    ],
  )
  for (const frame of frames) {
    const sum = (from: number, more: number): number => {
      let total = more
      for (let at = from; at < frame.length && (from !== 14 || at < 34); at += 2) total += frame.readUInt16BE(at)
      while (total > 0xffff) total = (total >> 16) + (total & 0xffff)
      return total
    }
    const pseudo = 0x0a00 + 0x020f + 0x0a00 + 0x0202 + 6 + frame.length - 34
    assert.deepEqual([sum(14, 0), sum(34, pseudo)], [0xffff, 0xffff])
  }
})

test('does not cut a packet whose header says that it is shorter than one is, or longer than the packet', () => {
  const length = 64
  for (const offset of [0x00, 0x40, 0xf0]) {
    const { write, words, bus, sent, startPlus } = card()
    startPlus()
    const packet = Buffer.alloc(length, 3)
    packet.writeUInt16BE(0x0800, 12)
    Buffer.from('450000320001000040060000', 'hex').copy(packet, 14)
    packet[34 + 12] = offset
    bus.ram.write(buffers + 0x8000, packet)
    words(txRing, owned + 0x78000000 + (1 << 16) + length, 0, buffers + 0x8000, 0)
    write(0xd9, 0x40, 1)
    assert.deepEqual(sent(), [packet])
  }
})

test('whatever packet a guest has cut or summed, the card goes on', () => {
  const nibble = fc.integer({ min: 0, max: 15 })
  const packets = fc.record({
    ...{ length: fc.integer({ min: 1, max: 400 }), protocol: fc.constantFrom(6, 17, 1), said: fc.nat(0xffff) },
    ...{ words: nibble, offset: nibble, wants: fc.nat(0xf), segment: fc.nat(0x7ff), rest: fc.nat(255) },
  })
  fc.assert(
    fc.property(packets, ({ length, protocol, said, words: headerWords, offset, wants, segment, rest }) => {
      const { write, words, word, bus, sent, startPlus } = card()
      startPlus()
      const packet = Buffer.alloc(400, rest)
      packet.writeUInt16BE(0x0800, 12)
      packet[14] = 0x40 | headerWords
      packet.writeUInt16BE(said, 16)
      packet[23] = protocol
      packet[14 + 4 * headerWords + 12] = offset << 4
      bus.ram.write(buffers + 0x8000, packet)
      const [cuts, sums] = [(wants >> 3) << 27, (wants & 7) << 16]
      words(txRing, owned + 0x70000000 + (cuts ? cuts + (segment << 16) : sums) + length, 0, buffers + 0x8000, 0)
      write(0xd9, 0x40, 1)
      assert.ok(sent().length > 0)
      assert.equal(word(txRing) & owned, 0)
    }),
    { numRuns: 500 },
  )
})

test('keeps what it holds when it is saved, tells of its cable, and is reset by a bit', () => {
  const one = card()
  one.startPlus()
  one.tell({ kind: 'frames', frames: [forIt(60)] })
  const state = structuredClone(one.device.save?.())
  const other = card()
  other.device.restore?.(state)
  assert.deepEqual(other.device.save?.(), state)
  other.tell({ kind: 'link', up: false })
  assert.deepEqual([other.read(0x58, 1) & 4, other.read(0x64, 2) & 4, other.read(0x3e, 2) & 0x20], [4, 0, 0x20])
  other.write(0x37, 0x10, 1)
  assert.deepEqual([other.read(0x37, 1), other.read(0x3e, 2)], [1, 0])
})

test('whatever a guest writes, it goes on', () => {
  const step = fc.record({
    ...{ place: fc.nat(0xff), value: fc.nat(0xffffffff), size: fc.constantFrom(1, 2, 4) },
    ...{ kind: fc.constantFrom('read', 'write', 'frame', 'ring'), length: fc.nat(2000) },
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { read, write, words, tell, said, startPlus } = card()
      startPlus()
      for (const { place, value, size, kind, length } of steps) {
        const width = size as 1 | 2 | 4
        if (kind === 'read') assert.ok(read(place, width) < 2 ** (8 * width))
        else if (kind === 'write') write(place, value % 2 ** (8 * width), width)
        else if (kind === 'ring') words(txRing + (place & 0xf0), owned + (value % owned), value, length * 99, 0)
        else tell({ kind: 'frames', frames: [new Uint8Array(length).fill(0xff)] })
      }
      said()
    }),
    { numRuns: 300 },
  )
})
