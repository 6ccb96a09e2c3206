import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'
import type { Changed, FlashShape } from './wire.ts'

const address = 0xffff_0000
const bytes = 0x1_0000

function bench({ readOnly = false, contents = new Uint8Array(bytes).fill(0x55) }: Partial<FlashShape> = {}) {
  const device = new DeviceBench(guest, {}, { bus: 'System' }, { address, contents, readOnly } satisfies FlashShape)
  const { bus } = device
  return {
    ...{ device: device.device, said: device.said as Changed[], contents },
    read: (offset: number, size: 1 | 4 = 1) => bus.readMemory(address + offset, size) >>> 0,
    write: (offset: number, ...values: readonly number[]) => {
      for (const value of values) bus.writeMemory(address + offset, 1, value)
    },
    write32: (offset: number, value: number) => bus.writeMemory(address + offset, 4, value),
  }
}

test('is memory until a command comes, and again behind its end', () => {
  const { read, write } = bench()
  assert.deepEqual([read(0), read(8, 4)], [0x55, 0x55555555])
  write(0, 0x70)
  assert.deepEqual([read(5), read(8, 4)], [0x80, 0x800080])
  for (const command of [0x00, 0x50, 0xf0, 0xff, 0x33]) {
    write(0, 0x70, 0xff, command)
    assert.equal(read(0), 0x55, command.toString(16))
  }
})

test('tells its geometry to who asks, by the low byte of the offset', () => {
  const { read, write } = bench()
  write(0x55, 0x98)
  assert.equal(String.fromCharCode(read(0x10), read(0x11), read(0x112)), 'QRY')
  const geometry = [0x27, 0x2a, 0x2c, 0x2d, 0x2e, 0x2f, 0x30].map((offset) => read(offset))
  assert.deepEqual(geometry, [16, 8, 1, 15, 0, 0x10, 0])
  assert.deepEqual([read(0x51), read(0x52), read(0xff)], [0, 0, 0])
  write(0, 0x12) // is no end of it
  assert.equal(read(0x10), 0x51)
  write(0, 0xff, 0x90)
  assert.deepEqual([read(0), read(1), read(0, 4)], [0, 0, 0])
})

test('programs bytes and words, and sends the sectors that they are in, one batch at a time', () => {
  const { device, said, contents, read, write, write32 } = bench()
  write(0x203, 0x10, 0xab)
  write(0x400, 0x40)
  write32(0x400, 0x12345678)
  assert.deepEqual([read(0), said.length, device.busy?.()], [0x80, 0, true])
  device.settle?.()
  assert.deepEqual(
    said.map(({ pieces }) => pieces.map(({ offset, bytes: sent }) => [offset, sent.length])),
    [[[0x200, 0x400]]],
  )
  assert.deepEqual(
    [...contents.subarray(0x203, 0x204), ...contents.subarray(0x400, 0x404)],
    [0xab, 0x78, 0x56, 0x34, 0x12],
  )
  write(0, 0x10, 1)
  device.settle?.()
  assert.equal(said.length, 1)
  device.receive?.('kept')
  assert.deepEqual(
    said[1]!.pieces.map(({ offset, bytes: [first] }) => [offset, first]),
    [[0, 1]],
  )
  device.receive?.('kept')
  assert.equal(device.busy?.(), false)
})

test('erases a block', () => {
  const { device, said, contents, write } = bench()
  write(0x1fff, 0x20, 0xd0)
  assert.deepEqual([contents[0xfff], contents[0x1000], contents[0x1fff], contents[0x2000]], [0x55, 0xff, 0xff, 0x55])
  device.settle?.()
  assert.deepEqual(
    said[0]?.pieces.map(({ offset, bytes: sent }) => [offset, sent.length]),
    [[0x1000, 0x1000]],
  )
})

test('fills a buffer for the block in which it is told how much comes, and keeps it when that is confirmed', () => {
  const { device, said, contents, read, write } = bench()
  write(0x5000, 0xe8)
  write(0x3000, 1)
  write(0x3000, 0x11)
  write(0x30ff, 0x22)
  assert.deepEqual([read(0), contents[0x3000]], [0x80, 0x55])
  write(0, 0xd0, 0xff)
  assert.deepEqual([read(0x3000), read(0x30ff)], [0x11, 0x22])
  device.settle?.()
  assert.deepEqual(
    said[0]?.pieces.map(({ offset, bytes: sent }) => [offset, sent.length]),
    [[0x3000, 0x200]],
  )
})

test('forgets a buffer that is not confirmed, or that something outside of its block was to go into', () => {
  const { read, write } = bench()
  write(0x3000, 0xe8, 0, 0x11, 0xff)
  assert.equal(read(0x3000), 0x55)
  write(0x3000, 0xe8, 0)
  write(0x3100, 0x11)
  assert.equal(read(0), 0x90)
  write(0x3000, 0xd0)
  assert.deepEqual([read(0x3000), read(0x3100)], [0x55, 0x55])
  write(0x3000, 0xe8, 0, 0x11, 0xd0) // what has failed before still counts
  assert.equal(read(0x3000), 0x55)
  write(0, 0x50)
  write(0x3000, 0xe8, 0, 0x11, 0xd0, 0xff)
  assert.equal(read(0x3000), 0x11)
})

test('a read-only one says that it has failed until its status is cleared', () => {
  const { device, said, read, write } = bench({ readOnly: true })
  write(0, 0x10, 1)
  assert.equal(read(0), 0x90)
  write(0, 0x20, 0xd0)
  assert.equal(read(0), 0xb0)
  write(0, 0x50, 0x70)
  assert.equal(read(0), 0)
  write(0, 0xff, 0xff)
  device.settle?.()
  assert.deepEqual([read(0), said.length, device.busy?.()], [0x55, 0, false])
})

test('goes on from a state with what it held, and writes what differs to its image', () => {
  const [one, other] = [bench(), bench({ contents: new Uint8Array(bytes) })]
  one.write(7, 0x10, 0x99, 0x70)
  other.device.restore?.(JSON.parse(JSON.stringify(one.device.save?.())))
  assert.equal(other.read(0), 0x80)
  other.write(0, 0xff, 0xff)
  assert.equal(other.read(7), 0x99)
  other.device.settle?.()
  assert.equal(other.said[0]!.pieces[0]!.bytes.length, bytes)
  one.write(0x1234, 0x10, 0x98, 0xff)
  const saved = one.device.save?.() as object
  const near = bench()
  near.device.restore?.(saved)
  near.device.settle?.()
  assert.deepEqual(
    near.said[0]!.pieces.map(({ offset, bytes: sent }) => [offset, sent.length]),
    [
      [0, 0x200],
      [0x1200, 0x200],
    ],
  )
  const forged = [{ step: 9 }, { block: 7 }, { block: -1 }, { block: bytes }, { mode: 'erased' }, { buffer: 'AAAA' }]
  for (const state of [{}, { mode: 'array' }, { contents: 'AAAA' }, ...forged.map((part) => ({ ...saved, ...part }))])
    assert.throws(() => other.device.restore?.(state), /cfi\.pflash01/)
})
