/** The floppy controller's commands and registers, compared with QEMU's access by access. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { qemu } from './guest.ts'
import { onBothProbes } from './ide-probe.ts'
import { type PortAccess, playPorts, read, readsOf, waitSet, write } from './port-player.ts'

const skip = missingProgram(qemu[0]!)
const timeout = 300_000
const port = { output: 0x3f2, tape: 0x3f3, main: 0x3f4, data: 0x3f5, rate: 0x3f7 } as const
/** Where DMA moves data. */
const memory = 0x30000
const rates = { '500': 0, '300': 1, '250': 2, '1000': 3 } as const

const hex = (values: readonly number[]): string => values.map((value) => value.toString(16)).join(' ')
const registers: readonly PortAccess[] = [0x3f1, 0x3f2, 0x3f3, 0x3f4, 0x3f7].map((one) => read(one, 1))

const waitReady = waitSet(port.main, 0x80)

/** Lets DMA channel 2 move bytes: mode 46h to memory, 4Ah from memory. */
const dma = (mode: number, bytes: number): PortAccess[] =>
  (
    [
      [0x0a, 0x06],
      [0x0c, 0x00],
      [0x04, memory & 0xff],
      [0x04, (memory >> 8) & 0xff],
      [0x05, (bytes - 1) & 0xff],
      [0x05, (bytes - 1) >> 8],
      [0x81, memory >> 16],
      [0x0b, mode],
      [0x0a, 0x02],
    ] as const
  ).map(([at, value]) => write(at, 1, value))

const reset = (rate = 0): PortAccess[] => [
  ...[write(port.output, 1, 0), write(port.output, 1, 0x1c), write(port.rate, 1, rate)],
  ...[1, 2, 3, 4].flatMap(() => [write(port.data, 1, 0x08), read(port.data, 1), read(port.data, 1)]),
]

/** A command, and as many bytes as it may answer. */
const command = (bytes: readonly number[], answers: number): PortAccess[] => [
  ...bytes.map((byte) => write(port.data, 1, byte)),
  ...registers,
  ...Array.from({ length: answers }, () => read(port.data, 1)),
  ...registers,
]
/** A transfer by DMA: it is done when the controller is not at work, or has results. */
const transfer = (bytes: readonly number[], mode: number, length: number): PortAccess[] => [
  ...dma(mode, length),
  ...bytes.map((byte) => write(port.data, 1, byte)),
  waitReady,
  ...Array.from({ length: 7 }, () => read(port.data, 1)),
  ...registers,
]

const commands: readonly PortAccess[] = [
  ...[...reset(), ...registers],
  ...command([0x08], 1),
  ...command([0x10], 1),
  ...command([0x18], 1),
  ...command([0x0e], 10),
  ...command([0x2e], 15),
  ...command([0x03, 0xaf, 0x02], 0),
  ...command([0x13, 0, 0x57, 0x11], 0),
  ...command([0x12, 0x85], 0),
  ...command([0x94], 1),
  ...command([0x0e], 10),
  ...command([0x14], 1),
  ...command([0x17, 5, 0], 1),
  ...command([0x33, 1], 0),
  ...command([0x8e, 1, 2, 3, 4, 0xc0], 4),
  ...command([0x8e, 1, 2, 3, 4, 0x80], 0),
  ...command([0x04, 0], 1),
  ...command([0x04, 5], 1),
  ...command([0x0f, 0, 10], 0),
  ...command([0x08], 2),
  ...command([0xcf, 0, 5], 0),
  ...command([0x08], 2),
  ...command([0x8f, 0, 20], 0),
  ...command([0x08], 2),
  ...command([0xcf, 0, 200], 0),
  ...command([0x08], 2),
  ...command([0x07, 0], 0),
  ...command([0x08], 2),
  ...command([0x4e, 0, 0, 3, 4, 0, 0, 7, 8, 18, 0x80, 0x60, 0, 0, 0, 0, 0, 0], 0),
  ...command([0x0e], 10),
  ...command([0xcd], 1),
  ...command([0x01], 1),
  ...command([0xff], 1),
  ...[write(port.tape, 1, 0x04), ...registers, write(port.tape, 1, 0)],
  ...[write(port.main, 1, 0x80), ...registers, ...command([0x08], 2)],
  ...[write(port.main, 1, 0x42), ...registers],
]

/** Transfers where they fit, where they don't, and beyond. */
const transfers = (sectors: number, tracks: number, rate: number): PortAccess[] => {
  const at = (track: number, head: number, sector: number, last = sectors) => [
    0,
    track,
    head,
    sector,
    2,
    last,
    0x1b,
    0xff,
  ]
  return [
    ...reset(rate),
    ...transfer([0xe6, ...at(0, 0, 1)], 0x46, 512),
    ...transfer([0xe6, ...at(0, 0, 1)], 0x46, sectors * 2 * 512),
    ...transfer([0x46, ...at(0, 0, 1)], 0x46, sectors * 512),
    ...transfer([0x46, ...at(1, 1, 3, 5)], 0x46, 3 * 512),
    ...transfer([0x46, ...at(tracks - 1, 0, sectors)], 0x46, 512),
    ...transfer([0x46, ...at(tracks, 0, 1)], 0x46, 512),
    ...transfer([0x46, ...at(tracks + 1, 0, 1)], 0x46, 512),
    ...transfer([0x46, ...at(0, 1, sectors + 1)], 0x46, 512),
    ...transfer([0x46, ...at(0, 0, 5, 3)], 0x46, 512),
    ...transfer([0x42, ...at(2, 0, 1)], 0x46, 512),
    ...transfer([0x4c, ...at(0, 0, 1)], 0x46, 512),
    ...transfer([0x49, ...at(0, 0, 1)], 0x4a, 512),
    ...transfer([0x56, ...at(0, 0, 1)], 0x42, 512),
    ...transfer([0x51, ...at(0, 0, 1)], 0x42, 512),
    ...transfer([0x59, ...at(0, 0, 1)], 0x42, 512),
    ...transfer([0xc5, ...at(0, 0, 2)], 0x4a, 1024),
    ...transfer([0xc5, ...at(3, 1, sectors)], 0x4a, 1024),
    ...transfer([0x45, ...at(1, 0, 1)], 0x4a, 100),
    ...transfer([0x4d, 0, 2, sectors, 0x1b, 0xf6].slice(0, 6), 0x4a, 72),
    ...[write(port.rate, 1, (rate + 1) & 3), ...transfer([0x46, ...at(0, 0, 1)], 0x46, 512)],
  ]
}

/** Data through the data register: SPECIFY has switched DMA off. */
const withoutDma = (sectors: number, rate: number): PortAccess[] => [
  ...reset(rate),
  ...command([0x03, 0xaf, 0x03], 0),
  ...[0x46, 0, 0, 0, 2, 2, 3, 0x1b, 0xff].map((byte) => write(port.data, 1, byte)),
  waitReady,
  ...Array.from({ length: 1024 }, () => [waitReady, read(port.data, 1)]).flat(),
  ...[waitReady, ...Array.from({ length: 7 }, () => read(port.data, 1)), ...registers],
  // On both sides: a write without DMA that ends with a track has no results on QEMU, and hangs.
  ...[0xc5, 0, 1, 0, 1, 2, 1, 0x1b, 0xff].map((byte) => write(port.data, 1, byte)),
  ...[waitReady, ...registers],
  ...Array.from({ length: 1024 }, (_, index) => [waitReady, write(port.data, 1, (index ^ sectors) & 0xff)]).flat(),
  ...[waitReady, ...Array.from({ length: 7 }, () => read(port.data, 1)), ...registers],
  ...command([0x03, 0xaf, 0x02], 0),
]

describe('the floppy controller', { skip, timeout }, () => {
  for (const [name, bytes, sectors, tracks, rate] of [
    ['1440K', 1474560, 18, 80, rates['500']],
    ['720K', 737280, 9, 80, rates['250']],
    ['360K', 368640, 9, 40, rates['300']],
    ['1232K, which no table has', 1232 << 10, 36, 80, rates['1000']],
    ['2880K', 2949120, 36, 80, rates['1000']],
    ['5000192 bytes', 5000192, 36, 80, rates['1000']],
  ] as const) {
    test(`does all its commands with a medium of ${name} as QEMU's does`, async (t) => {
      const content = Buffer.alloc(bytes)
      for (let at = 0; at < bytes; at += 512) content.writeUInt32LE(at, at)
      const [theirs, ours] = await onBothProbes(
        t,
        async (guest, folder) => {
          const seen: string[] = []
          for (const list of [commands, transfers(sectors, tracks, rate), withoutDma(sectors, rate)]) {
            const answers = await playPorts(guest, list)
            let next = 0
            for (const access of list) {
              const count = readsOf(access)
              const { kind, port: at, value } = access
              seen.push(`${hex([kind, at, value])}${count > 0 ? ` = ${hex(answers.slice(next, next + count))}` : ''}`)
              next += count
            }
            seen.push((await guest.memory(memory, 36 * 2 * 512)).toString('base64'))
          }
          await guest.execute('stop')
          seen.push(readFileSync(join(folder, 'floppy.img')).toString('base64'))
          return seen
        },
        (folder) => {
          const path = join(folder, 'floppy.img')
          writeFileSync(path, content)
          return ['-drive', `if=floppy,format=raw,file=${path}`]
        },
      )
      const at = theirs.findIndex((line, index) => line !== ours[index])
      const around = (lines: readonly string[]) =>
        lines.slice(Math.max(0, at - 30), at + 12).map((line) => line.slice(0, 300))
      if (at >= 0) assert.deepEqual(around(ours), around(theirs))
    })
  }
})
