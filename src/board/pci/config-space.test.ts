import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigSpace, type FunctionShape } from './config-space.ts'
import { standardVga } from './pc-functions.ts'

const shape: FunctionShape = {
  ...{ slot: 3, function: 1, vendorId: 0x1234, deviceId: 0x5678, classCode: 0x020000, interruptPin: 2 },
  bars: [
    { bar: 0, kind: 'io', size: 32 },
    { bar: 1, kind: 'memory', size: 4096 },
    { bar: 6, kind: 'memory', size: 65536 },
  ],
  registers: [[0x44, 7]],
  resets: [0x44],
}
const [io, memory, rom] = shape.bars!

test('a base address register keeps the bits above its size, which tells the size', () => {
  const space = new ConfigSpace(shape)
  for (const offset of [0x10, 0x14, 0x18, 0x30]) space.write(offset, 4, 0xffffffff)
  assert.deepEqual(
    [0x10, 0x14, 0x18, 0x30].map((offset) => space.read(offset, 4) >>> 0),
    [0xffffffe1, 0xfffff000, 0, 0xffff0001],
  )
})

test('a region answers where its register says, while the command register lets it', () => {
  const space = new ConfigSpace(shape)
  space.write(0x10, 4, 0xc012)
  space.write(0x14, 4, 0xfebf1234)
  space.write(0x30, 4, 0xfeb00001)
  const where = () => [io, memory, rom].map((bar) => space.addressOf(bar!))
  assert.deepEqual(where(), [undefined, undefined, undefined])
  space.write(4, 2, 1)
  assert.deepEqual(where(), [0xc000, undefined, undefined])
  space.write(4, 2, 3)
  assert.deepEqual(where(), [0xc000, 0xfebf1000, 0xfeb00000])
  space.write(0x30, 1, 0)
  assert.deepEqual(where(), [0xc000, 0xfebf1000, undefined])
  space.write(0x14, 4, 0)
  space.write(0x10, 4, 0xffffffff)
  assert.deepEqual(where(), [undefined, undefined, undefined], 'not at 0, and not up to the last address')
})

test('a reset brings back the header and what the function says, and leaves the rest', () => {
  const space = new ConfigSpace(shape)
  const before = space.bytes.slice()
  for (let offset = 0; offset < 256; offset += 4) space.write(offset, 4, 0xa5a5a5a5)
  space.reset()
  assert.deepEqual(space.bytes.subarray(0, 0x40), before.subarray(0, 0x40))
  assert.equal(space.bytes[0x44], 7)
  assert.equal(space.bytes[0x45], 0xa5)
})

test('whatever is written at whatever width, identity stays and no region reaches beyond the address space', () => {
  const write = fc.tuple(fc.nat(0xff), fc.constantFrom(1, 2, 4), fc.bigInt(0n, 0xffffffffn).map(Number))
  fc.assert(
    fc.property(fc.array(write, { maxLength: 60 }), (writes) => {
      const [whole, bytewise] = [new ConfigSpace(standardVga(40000)), new ConfigSpace(standardVga(40000))]
      for (const [offset, width, value] of writes) {
        whole.write(offset, width, value)
        for (let index = 0; index < width && offset + index < 256; index++) {
          bytewise.write(offset + index, 1, (value >>> (8 * index)) & 0xff)
        }
      }
      assert.deepEqual(whole.bytes, bytewise.bytes)
      const { vendorId, deviceId, classCode, regions } = whole.describe()
      assert.deepEqual([vendorId, deviceId, classCode], [0x1234, 0x1111, 0x0300])
      for (const { address, size } of regions) {
        assert.ok(address === undefined || (address % size === 0 && address > 0 && address + size < 2 ** 32))
      }
    }),
  )
})
