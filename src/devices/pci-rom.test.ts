import assert from 'node:assert/strict'
import { test } from 'node:test'
import { romMemory, romRegion } from './pci-rom.ts'

/** A ROM of 64 bytes with its signature, for a card of these identities, whose sum is zero. */
function rom(vendorId: number, deviceId: number): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt16LE(0xaa55, 0)
  bytes.writeUInt16LE(0x1c, 0x18)
  bytes.write('PCIR', 0x1c)
  bytes.writeUInt16LE(vendorId, 0x20)
  bytes.writeUInt16LE(deviceId, 0x22)
  bytes[6] = -bytes.reduce((sum, byte) => sum + byte, 0)
  return bytes
}

const read = (memory: ReturnType<typeof romMemory>): Buffer =>
  Buffer.from(Array.from({ length: 64 }, (_, at) => memory.read8(at)))

test('a boot loader for other cards of the model says that it is for this one, and its sum stays', () => {
  const identity = { vendorId: 0x1af4, deviceId: 0x1041 }
  const file = rom(0x1af4, 0x1000)
  assert.deepEqual(read(romMemory({ rom: file, adaptRom: true }, identity)), rom(0x1af4, 0x1041))
  assert.deepEqual(file, rom(0x1af4, 0x1000))
  assert.deepEqual(read(romMemory({ rom: file }, identity)), file)
})

test('what is no boot loader stays as it is, and behind its end are zeros', () => {
  const identity = { vendorId: 0x8086, deviceId: 0x100e }
  for (const length of [0, 1, 25, 26, 36])
    for (const bytes of [Buffer.alloc(length, 0x55), rom(1, 2).subarray(0, length)]) {
      const memory = romMemory({ rom: bytes, adaptRom: true }, identity)
      assert.deepEqual(read(memory).subarray(0, length), bytes)
      assert.equal(memory.read32(length), 0)
    }
  assert.equal(romMemory(undefined, identity).read32(0), 0)
})

test('a ROM has a region unless it is said to have none', () => {
  const region = [{ bar: 6, kind: 'memory', size: 0x40000 }]
  assert.deepEqual(romRegion({ romfile: 'a', romsize: 0x40000, rombar: 1 }), region)
  assert.deepEqual(romRegion({ romfile: 'a', romsize: 512 })[0]?.size, 2048)
  assert.deepEqual(romRegion({ romfile: 'a', romsize: 0x40000, rombar: 0 }), [])
  assert.deepEqual(romRegion({ romfile: '', romsize: 0x40000 }), [])
  assert.deepEqual(romRegion({ romsize: 0xffff_ffff }), [])
})
