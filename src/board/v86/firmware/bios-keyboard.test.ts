import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BiosKeyboard } from './bios-keyboard.ts'

function bench() {
  const ram = new Uint8Array(0x600)
  const clock = { now: 0 }
  const put = (address: number, value: number): void => {
    ram[address] = value & 0xff
    ram[address + 1] = value >> 8
  }
  put(0x26, 0xf000)
  put(0x480, 0x1e)
  put(0x482, 0x3e)
  const keys = (from: number, to: number): void => {
    put(0x41a, from)
    put(0x41c, to)
  }
  keys(0x1e, 0x1e)
  return { clock, put, keys, bios: new BiosKeyboard({ ram }, () => clock.now) }
}

test('the buffer of the BIOS has room for 15 keys, and wraps', () => {
  const { bios, keys } = bench()
  assert.deepEqual([bios.waiting, bios.room], [0, 15])
  keys(0x1e, 0x24)
  assert.deepEqual([bios.waiting, bios.room], [3, 12])
  keys(0x3c, 0x22)
  assert.deepEqual([bios.waiting, bios.room], [3, 12])
  keys(0x20, 0x1e)
  assert.deepEqual([bios.waiting, bios.room], [15, 0])
})

test('where an operating system has its own handler, or the buffer makes no sense, nothing is known of it', () => {
  for (const [address, value] of [
    [0x26, 0x1234],
    [0x480, 0],
    [0x482, 0x1e],
    [0x482, 0x3f],
    [0x482, 0xfffe],
    [0x41a, 0x10],
    [0x41c, 0x4000],
    [0x41c, 0x21],
  ] as const) {
    const { bios, put } = bench()
    put(address, value)
    assert.deepEqual([bios.waiting, bios.room], [0, Number.POSITIVE_INFINITY], `${address.toString(16)}: ${value}`)
  }
})

test('a buffer in which nothing moves is one that the BIOS has left behind, until something moves', () => {
  const { bios, keys, clock } = bench()
  keys(0x1e, 0x3c)
  assert.equal(bios.room, 0)
  clock.now = 9000
  assert.equal(bios.room, 0)
  clock.now = 10_001
  assert.deepEqual([bios.waiting, bios.room], [0, Number.POSITIVE_INFINITY])
  keys(0x20, 0x3c)
  assert.deepEqual([bios.waiting, bios.room], [14, 1])
})
