import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryResponder } from '../../bus/device-bus.ts'
import type { V86Cpu } from '../v86-internals.ts'
import { MemoryWindows } from './memory-windows.ts'

/** RAM of 1 MiB; behind it every block answers with its number. */
function memory() {
  const blocks = 0x8000
  const numbered = <T>(answer: (block: number) => T): T[] => Array.from({ length: blocks }, (_, block) => answer(block))
  const written: string[] = []
  const cpu = {
    memory_size: [1 << 20],
    memory_map_read8: numbered((block) => () => block & 0xff),
    memory_map_read32: numbered((block) => () => block),
    memory_map_write8: numbered((block) => (_: number, value: number) => void written.push(`${block}=${value}`)),
    memory_map_write32: numbered((block) => (_: number, value: number) => void written.push(`${block}=${value}`)),
  } as unknown as V86Cpu
  const at = (address: number) => ({
    read8: cpu.memory_map_read8[address >>> 17]!(address | 0),
    read32: cpu.memory_map_read32[address >>> 17]!(address | 0),
  })
  const write = (address: number, value: number): void => cpu.memory_map_write8[address >>> 17]!(address | 0, value)
  return { windows: new MemoryWindows(cpu), cpu, at, write, written }
}

/** Answers with the offset, and a number of its own for 32 bits. */
const responder = (own: number, written: string[]): MemoryResponder => ({
  read8: (offset) => offset & 0xff,
  read32: () => own,
  write8: (offset, value) => void written.push(`${own}+${offset}=${value}`),
  write32: (offset, value) => void written.push(`${own}+${offset}=${value}`),
})

test('windows share a block of v86, hide what was there, and give it back', () => {
  const { windows, at, write, written } = memory()
  const [a, b] = [windows.add(4096, responder(-1, written)), windows.add(65536, responder(-2, written))]
  a.move(0xfebf0000)
  b.move(0xfebe0000)
  const block = 0xfebe0000 >>> 17
  assert.deepEqual(at(0xfebf0010), { read8: 0x10, read32: -1 })
  assert.deepEqual(at(0xfebe0020), { read8: 0x20, read32: -2 })
  assert.deepEqual(at(0xfebf1000), { read8: block & 0xff, read32: block }, 'behind the smaller one')
  for (const address of [0xfebf0001, 0xfebeffff, 0xfebf1000]) write(address, 7)
  assert.deepEqual(written, ['-1+1=7', '-2+65535=7', `${block}=7`])
  assert.deepEqual(windows.ranges(), [
    { start: 0xfebf0000, end: 0xfebf1000 },
    { start: 0xfebe0000, end: 0xfebf0000 },
  ])
  b.move(undefined)
  a.move(0x80000000)
  assert.deepEqual(at(0xfebf0000), { read8: block & 0xff, read32: block })
  assert.deepEqual(at(0x80000010), { read8: 0x10, read32: -1 })
})

test('a window hides neither RAM nor the interrupt controllers, and the last one hides the others', () => {
  const { windows, at, written } = memory()
  const [a, b] = [windows.add(1 << 24, responder(-1, written)), windows.add(1 << 20, responder(-2, written))]
  a.move(0)
  assert.equal(at(0xe0000).read32, 7)
  assert.equal(at(0x100000).read32, -1)
  a.move(0xfe000000)
  assert.equal(at(0xfec00000).read32, 0xfec00000 >>> 17)
  assert.equal(at(0xfee00000).read32, 0xfee00000 >>> 17)
  assert.equal(at(0xfed00000).read32, -1)
  b.move(0xfed00000)
  assert.equal(at(0xfed00000).read32, -2)
})
