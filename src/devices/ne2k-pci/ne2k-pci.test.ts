import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DeviceBench } from '../device-bench.ts'
import type { FromCard, ToCard } from '../nic/wire.ts'
import { guest } from './guest.ts'

const base = 0xc000
const [data, reset] = [0x10, 0x1f]
const mac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x99)
const [firstPage, lastPage] = [0x46, 0x60]

function card() {
  const place = { bus: 'PCI', slot: 3, function: 0 } as const
  const bench = new DeviceBench(guest, { mac: '52:54:00:12:34:99', rombar: 1 }, place, { linkUp: true })
  const { bus, device } = bench
  bus.configure(0, 0x10, 4, base)
  bus.configure(0, 0x04, 2, 5)
  const read = (port: number, size: 1 | 2 | 4 = 1): number => bus.readPort(base + port, size)
  const write = (port: number, value: number, size: 1 | 2 | 4 = 1): void => bus.writePort(base + port, size, value)
  const remote = (address: number, length: number, order: number): void => {
    write(0x00, 0x22)
    for (const [port, value] of [[8, address], [9, address >> 8], [10, length], [11, length >> 8]] as const) // biome-ignore format: one line
      write(port, value & 0xff)
    write(0x00, order)
  }
  const peek = (address: number, length: number): Buffer => {
    remote(address, length, 0x0a)
    return Buffer.from(
      Array.from({ length: length / 2 }, () => read(data, 2)).flatMap((word) => [word & 0xff, word >> 8]),
    )
  }
  const start = (): void => {
    for (const [port, value] of [
      ...[
        [0x00, 0x21],
        [0x0e, 0x49],
        [0x01, firstPage],
        [0x02, lastPage],
        [0x03, firstPage],
        [0x07, 0xff],
        [0x0f, 0x3f],
      ],
      ...[[0x0c, 0x04], [0x00, 0x61], ...[...mac].map((byte, at) => [1 + at, byte]), [0x07, firstPage], [0x00, 0x22]],
    ] as const)
      write(port!, value!)
  }
  const tell = (message: ToCard): void => device.receive?.(message)
  const said = (): FromCard[] => {
    device.settle?.()
    return bench.said as FromCard[]
  }
  return { bus, device, read, write, remote, peek, start, tell, said }
}

test('has its address twice over in its memory, as an NE2000 of 16 bits', () => {
  const { peek, write, bus } = card()
  assert.deepEqual([bus.functions()[0]!.vendorId, bus.functions()[0]!.deviceId], [0x10ec, 0x8029])
  write(0x0e, 0x49)
  const memory = peek(0, 32)
  assert.deepEqual(
    [...memory.subarray(0, 12)],
    [...mac].flatMap((byte) => [byte, byte]),
  )
  assert.deepEqual([...memory.subarray(28)], [0x57, 0x57, 0x57, 0x57])
})

test('sends what the guest has put into its memory, and says so', () => {
  const { start, remote, write, read, said, bus } = card()
  start()
  const frame = Buffer.from('a frame that is long enough for an Ethernet, sixty bytes ....')
  remote(0x4000, frame.length, 0x12)
  for (let at = 0; at < frame.length; at += 2) write(data, frame[at]! | ((frame[at + 1] ?? 0) << 8), 2)
  assert.equal(read(0x07) & 0x40, 0x40)
  for (const [port, value] of [[4, 0x40], [5, frame.length], [6, 0], [0, 0x26]] as const) write(port, value) // biome-ignore format: one line
  const [sent] = said()
  assert.deepEqual(sent, { kind: 'frames', frames: [Uint8Array.from(frame)] })
  assert.deepEqual([read(0x00) & 4, read(0x04) & 1, read(0x07) & 2], [0, 1, 2])
  assert.equal(bus.assertedFunctions.size, 1)
  write(0x07, 0xff)
  assert.equal(bus.assertedFunctions.size, 0)
})

test('puts frames into its ring until that is full, and goes on when the guest has read', () => {
  const { start, tell, said, peek, write, read } = card()
  start()
  const frame = Buffer.concat([mac, Buffer.alloc(994, 7)])
  const other = Uint8Array.from(frame, (byte, at) => (at === 5 ? 1 : byte))
  tell({ kind: 'frames', frames: [other, ...Array.from({ length: 9 }, () => Uint8Array.from(frame))] })
  const taken = (): number => said().reduce((sum, one) => sum + (one.kind === 'taken' ? one.frames : 0), 0)
  // Each takes four pages; of 26 six have to be free for another. The first was not for it.
  assert.equal(taken(), 7)
  const header = peek(firstPage << 8, 4)
  assert.deepEqual([...header], [1, firstPage + 4, 1004 & 0xff, 1004 >> 8])
  assert.ok(peek((firstPage << 8) + 4, 1000).equals(frame))
  write(0x03, firstPage + 8)
  assert.equal(taken(), 9)
  write(0x00, 0x62)
  assert.equal(read(0x07), firstPage + 6) // around its end
})

test('is reset by a port, and keeps what it holds when it is saved', () => {
  const one = card()
  one.start()
  one.tell({ kind: 'frames', frames: [Uint8Array.from(Buffer.concat([mac, Buffer.alloc(60, 9)]))] })
  const state = structuredClone(one.device.save?.())
  const other = card()
  other.device.restore?.(state)
  assert.deepEqual(other.device.save?.(), state)
  assert.ok(other.peek((firstPage << 8) + 4, 64).equals(one.peek((firstPage << 8) + 4, 64)))
  other.read(reset)
  assert.deepEqual([other.read(0x00), other.read(0x07)], [0x01, 0x80])
})

test('whatever a guest writes, it goes on', () => {
  const step = fc.record({
    ...{ port: fc.nat(0x1f), value: fc.nat(0xffffffff), size: fc.constantFrom(1, 2, 4) },
    ...{ kind: fc.constantFrom('read', 'write', 'frame'), length: fc.nat(1600) },
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { read, write, tell, said, start } = card()
      start()
      for (const { port, value, size, kind, length } of steps) {
        const width = size as 1 | 2 | 4
        if (kind === 'read') assert.ok(read(port, width) <= 2 ** (8 * width) - 1)
        else if (kind === 'write') write(port, value % 2 ** (8 * width), width)
        else tell({ kind: 'frames', frames: [new Uint8Array(length).fill(0xff)] })
      }
      said()
    }),
    { numRuns: 300 },
  )
})
