/** Registers of a PC before its first instruction, read one, two and four bytes at once, beside QEMU's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { qemu } from './programs.ts'
import { answersOfBoth } from './terminal.ts'

/** Ports where QEMU's answers depend on time or on what was asked before. */
const moving = new Set([0x40, 0x41, 0x42, 0x60, 0x61, 0x70, 0x71])
/** Where a byte differs: the VGA's attribute controller and the mask of its palette before its firmware has run. */
const differentBytes: readonly (readonly number[])[] = [[0x3c0], [0x3c6]]

/** The port and its neighbours as far as the access reaches. */
function touches(port: number, bytes: number, [first, last = first]: readonly number[]): boolean {
  return port <= last! && port + bytes > first!
}

/** Ports that QEMU reads together otherwise: registers of one port are read again and again, borders of devices differ. */
const borders = [
  [0x1f, 0x21],
  [0x3f],
  [0x43],
  [0x5f, 0x64],
  [0x6e, 0x71],
  [0x7f],
  [0x91, 0xb2],
  [0xbf],
  [0x16f],
  [0x1cf, 0x1d0],
  [0x1ef],
  [0x375],
  [0x3b3, 0x3df],
  [0x3f0, 0x3ff],
] as const

describe('what ports hold before the first instruction', { skip: qemu.skip }, () => {
  const options = ['-net', 'none', '-serial', 'none', '-parallel', 'none', '-vga', 'std']
  for (const [letter, bytes] of [
    ['b', 1],
    ['h', 2],
    ['w', 4],
  ] as const) {
    test(`is what QEMU's hold, by ${bytes}`, { timeout: 300_000 }, async () => {
      const ports = Array.from({ length: 0x400 }, (_, port) => port).filter((port) => {
        for (let offset = 0; offset < bytes; offset++) if (moving.has(port + offset)) return false
        const excepted = [...differentBytes, ...(bytes === 1 ? [] : borders)]
        return !excepted.some((range) => touches(port, bytes, range))
      })
      assert.ok(ports.length > 800)
      const [theirs, ours] = await answersOfBoth(
        ports.map((port) => `i /${letter} 0x${port.toString(16)}`),
        options,
      )
      assert.deepEqual(ours, theirs)
    })
  }
})
