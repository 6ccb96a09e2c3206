import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryWindows } from '../memory/memory-windows.ts'
import type { V86Cpu } from '../v86-internals.ts'
import { BiosRom } from './bios-rom.ts'

const [low, end] = [1 << 20, 2 ** 32]

/** 1 MiB of RAM, full of ones; nothing above it. */
function memory() {
  const mem8 = new Uint8Array(low).fill(1)
  const blocks = <T>(answer: T): T[] => Array.from({ length: 0x8000 }, () => answer)
  const cpu = {
    mem8,
    memory_size: [low],
    memory_map_read8: blocks(() => 0),
    memory_map_read32: blocks(() => 0),
    memory_map_write8: blocks(() => undefined),
    memory_map_write32: blocks(() => undefined),
    write_blob: (bytes: Uint8Array, address: number) => mem8.set(bytes, address),
  } as unknown as V86Cpu
  const at = (address: number): number => cpu.memory_map_read32[address >>> 17]!(address | 0) >>> 0
  const write = (address: number): void => {
    cpu.memory_map_write8[address >>> 17]!(address | 0, 0x55)
    cpu.memory_map_write32[address >>> 17]!(address | 0, 0x5555)
  }
  return { cpu, mem8, at, write, windows: new MemoryWindows(cpu) }
}

for (const size of [64 << 10, 128 << 10, 256 << 10, 1 << 20, 4 << 20]) {
  test(`an image of ${size >> 10} KiB is a ROM behind everything, and what a PC has of it in low memory`, () => {
    const { cpu, mem8, at, write, windows } = memory()
    const image = Uint8Array.from({ length: size }, (_, index) => 2 + ((index + (index >> 16)) % 250))
    const rom = new BiosRom(cpu, windows, image)
    const words = new DataView(image.buffer)
    const lowBytes = size > 256 << 10 ? 128 << 10 : size
    for (const offset of [0, 0xfffc, size - 4]) {
      const address = end - size + offset
      assert.equal(at(address), words.getUint32(offset, true))
      write(address)
      assert.equal(at(address), words.getUint32(offset, true), 'as it was')
    }
    assert.equal(at(end - size - 4), 0)
    assert.ok(mem8.subarray(0, low - lowBytes).every((byte) => byte === 1))
    assert.deepEqual(mem8.subarray(low - lowBytes), image.subarray(size - lowBytes))
    mem8.fill(0)
    assert.equal(at(end - 4), words.getUint32(size - 4, true), 'whatever is in RAM')
    cpu.load_bios()
    assert.deepEqual(mem8.subarray(low - lowBytes), image.subarray(size - lowBytes))
    rom.change((bytes) => bytes.fill(7))
    assert.deepEqual([at(end - size), at(end - 4), mem8.at(-1), mem8[0]], [0x07070707, 0x07070707, 7, 0])
    assert.notEqual(image[0], 7)
  })
}
