/** A CD drive's commands, compared with QEMU's byte for byte: registers, data, and sense data behind each. */
import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { qemu } from './guest.ts'
import { IdeProbe, onBothProbes } from './ide-probe.ts'

const grub = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const skip = missingProgram(qemu[0]!) || missingFile(grub, 'grub-rescue-pc')
const timeout = 300_000

type Packet = readonly number[]

const big = (value: number): number[] => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
const toc = (format: number, msf: number, from: number, length = 255): Packet => [
  ...[0x43, msf, 0, 0, 0, 0, from, length >> 8, length & 0xff, format << 6],
]
const readCd = (first: number, count: number, parts: number): Packet => [0xbe, 0, ...big(first), 0, 0, count, parts]
const modeSense = (page: number, length = 64): Packet => [0x5a, 0, page, 0, 0, 0, 0, length >> 8, length & 0xff]

/** What Linux's tools send, and what none of them does. */
const packets: Readonly<Record<string, Packet>> = {
  'TEST UNIT READY': [0x00],
  'REQUEST SENSE': [0x03, 0, 0, 0, 18],
  'REQUEST SENSE, 8 bytes': [0x03, 0, 0, 0, 8],
  INQUIRY: [0x12, 0, 0, 0, 36],
  'INQUIRY, 6 bytes': [0x12, 0, 0, 0, 6],
  'INQUIRY, 255 bytes': [0x12, 0, 0, 0, 255],
  'INQUIRY, no bytes': [0x12, 0, 0, 0, 0],
  'INQUIRY of pages': [0x12, 1, 0, 0, 255],
  'INQUIRY, page 83h': [0x12, 1, 0x83, 0, 255],
  'INQUIRY, page 83h in 30 bytes': [0x12, 1, 0x83, 0, 30],
  'INQUIRY, page 83h in 20 bytes': [0x12, 1, 0x83, 0, 20],
  'INQUIRY, page 80h': [0x12, 1, 0x80, 0, 255],
  'MODE SENSE (6)': [0x1a, 0, 0x2a, 0, 64],
  'MODE SENSE (10) 01h': modeSense(0x01),
  'MODE SENSE (10) 0Eh': modeSense(0x0e),
  'MODE SENSE (10) 2Ah': modeSense(0x2a),
  'MODE SENSE (10) 2Ah in 12 bytes': modeSense(0x2a, 12),
  'MODE SENSE (10) 3Fh': modeSense(0x3f),
  'MODE SENSE (10) 05h': modeSense(0x05),
  'MODE SENSE (10) changeable': modeSense(0x6a),
  'MODE SENSE (10) default': modeSense(0xaa),
  'MODE SENSE (10) saved': modeSense(0xea),
  'MODE SELECT (10)': [0x55, 0x10, 0, 0, 0, 0, 0, 0, 16],
  'READ CAPACITY': [0x25],
  'READ (10)': [0x28, 0, ...big(16), 0, 0, 1],
  'READ (10) of three': [0x28, 0, ...big(16), 0, 0, 3],
  'READ (10) of none': [0x28, 0, ...big(16), 0, 0, 0],
  'READ (10) behind the end': [0x28, 0, ...big(0x7fffff), 0, 0, 1],
  'READ (10) of a negative address': [0x28, 0, ...big(0xffffffff), 0, 0, 1],
  'READ (12)': [0xa8, 0, ...big(17), ...big(1)],
  'READ (12) of too many': [0xa8, 0, ...big(0), ...big(0xffffffff)],
  'READ CD of data': readCd(16, 1, 0x10),
  'READ CD of all': readCd(16, 2, 0xf8),
  'READ CD of nothing': readCd(16, 1, 0x00),
  'READ CD of parts': readCd(16, 1, 0x58),
  'READ CD behind the end': readCd(0x7fffff, 1, 0x10),
  'READ CD of none': readCd(16, 0, 0xf8),
  SEEK: [0x2b, 0, ...big(100)],
  'SEEK behind the end': [0x2b, 0, ...big(0x7fffff)],
  'READ TOC': toc(0, 0, 0),
  'READ TOC in minutes': toc(0, 2, 0),
  'READ TOC from 1': toc(0, 0, 1),
  'READ TOC from 2': toc(0, 0, 2),
  'READ TOC from AAh': toc(0, 0, 0xaa),
  'READ TOC from AAh in minutes': toc(0, 2, 0xaa),
  'READ TOC in 4 bytes': toc(0, 0, 0, 4),
  'READ TOC of sessions': toc(1, 0, 0),
  'READ TOC, raw': toc(2, 0, 1),
  'READ TOC, raw in minutes': toc(2, 2, 1),
  'READ TOC, format 3': toc(3, 0, 0),
  'READ TOC by the reserved field': [0x43, 0, 2, 0, 0, 0, 0, 0, 255],
  'GET CONFIGURATION': [0x46, 0, 0, 0, 0, 0, 0, 0, 255],
  'GET CONFIGURATION, current': [0x46, 1, 0, 0, 0, 0, 0, 0, 255],
  'GET CONFIGURATION, one': [0x46, 2, 0, 0, 0, 0, 0, 0, 255],
  'GET CONFIGURATION in 8 bytes': [0x46, 0, 0, 0, 0, 0, 0, 0, 8],
  'GET CONFIGURATION from 1': [0x46, 0, 0, 1, 0, 0, 0, 0, 255],
  'GET EVENT STATUS': [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 255],
  'GET EVENT STATUS once more': [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8],
  'GET EVENT STATUS of another class': [0x4a, 1, 0, 0, 0x04, 0, 0, 0, 8],
  'GET EVENT STATUS, not polled': [0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8],
  'READ DISC INFORMATION': [0x51, 0, 0, 0, 0, 0, 0, 0, 34],
  'READ DISC INFORMATION of type 1': [0x51, 1, 0, 0, 0, 0, 0, 0, 34],
  'READ TRACK INFORMATION': [0x52, 1, ...big(1), 0, 0, 28],
  'READ SUBCHANNEL': [0x42, 2, 0x40, 1, 0, 0, 0, 0, 16],
  'READ HEADER': [0x44, 0, ...big(16), 0, 0, 8],
  'READ DVD STRUCTURE 00h': [0xad, 0, 0, 0, 0, 0, 0, 0x00, 0x08, 0x04],
  'READ DVD STRUCTURE 01h': [0xad, 0, 0, 0, 0, 0, 0, 0x01, 0, 8],
  'READ DVD STRUCTURE of layer 1': [0xad, 0, 0, 0, 0, 0, 1, 0x00, 0x08, 0x04],
  'READ DVD STRUCTURE 03h': [0xad, 0, 0, 0, 0, 0, 0, 0x03, 0, 192],
  'READ DVD STRUCTURE 04h': [0xad, 0, 0, 0, 0, 0, 0, 0x04, 0, 64],
  'READ DVD STRUCTURE FFh': [0xad, 0, 0, 0, 0, 0, 0, 0xff, 0, 64],
  'READ DVD STRUCTURE 80h': [0xad, 0, 0, 0, 0, 0, 0, 0x80, 0, 64],
  'READ DVD STRUCTURE of a Blu-ray': [0xad, 1, 0, 0, 0, 0, 0, 0x00, 0, 64],
  'MECHANISM STATUS': [0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8],
  'MECHANISM STATUS in 2 bytes': [0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  'SET SPEED': [0xbb, 0, 0xff, 0xff, 0xff, 0xff],
  'START UNIT': [0x1b, 0, 0, 0, 1],
  'STOP UNIT': [0x1b, 0, 0, 0, 0],
  'START UNIT with a power condition': [0x1b, 0, 0, 0, 0x32],
  'REPORT KEY': [0xa4, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0x08],
  'READ FORMAT CAPACITIES': [0x23, 0, 0, 0, 0, 0, 0, 0, 252],
  'PLAY AUDIO': [0x45, 0, ...big(0), 0, 0, 1],
  'WRITE (10)': [0x2a, 0, ...big(0), 0, 0, 1],
  'an opcode that nobody has': [0xff],
}
const prevent = [0x1e, 0, 0, 0, 1]
const allow = [0x1e, 0, 0, 0, 0]
const open = [0x1b, 0, 0, 0, 2]
const close = [0x1b, 0, 0, 0, 3]
const requestSense = packets['REQUEST SENSE']!

/** Plays packets, and asks for sense data behind each. @returns by name, what the registers and the data were */
async function playAll(drive: IdeProbe, all: Readonly<Record<string, Packet>>, limit?: number) {
  const names = Object.keys(all)
  const answers = await drive.play(
    names.flatMap((name) => [all[name]!, requestSense]),
    limit,
  )
  return names.map((name, index) => `${name}: ${answers[2 * index]}, sense ${answers[2 * index + 1]}`)
}

const optical = (file: string): string[] => ['-drive', `if=ide,index=2,media=cdrom,format=raw,file=${file}`]
const empty = ['-drive', 'if=ide,index=2,media=cdrom']

async function compared<T>(
  t: Parameters<typeof onBothProbes>[0],
  options: (folder: string) => string[],
  play: (drive: IdeProbe) => Promise<T>,
): Promise<T> {
  const [theirs, ours] = await onBothProbes(
    t,
    async (guest) => {
      const drive = new IdeProbe(guest, 1)
      await drive.enable()
      await drive.reset()
      return play(drive)
    },
    options,
  )
  assert.deepEqual(ours, theirs)
  return ours
}

describe('a CD drive', { skip, timeout }, () => {
  test(`answers ${Object.keys(packets).length} packets as QEMU's does, with a CD in it`, async (t) => {
    const seen = await compared(
      t,
      () => optical(grub),
      (drive) => playAll(drive, packets),
    )
    assert.equal(seen.length, Object.keys(packets).length)
  })

  test('answers them without a medium', async (t) => {
    await compared(
      t,
      () => empty,
      (drive) => playAll(drive, packets),
    )
  })

  test('answers them with the tray locked, and with it open', async (t) => {
    await compared(
      t,
      () => optical(grub),
      async (drive) => {
        const seen = await playAll(drive, { prevent, ...packets, open })
        return [
          seen,
          await playAll(drive, { allow, open, ...packets }),
          await playAll(drive, { prevent, close, open, allow }),
        ]
      },
    )
  })

  test('answers them with a DVD in it, and with the smallest discs', async (t) => {
    for (const bytes of [5 * 2 ** 30, 2048, 512, 737280000, 737282048]) {
      const blank = (folder: string) => {
        const file = join(folder, 'disc.iso')
        writeFileSync(file, '')
        truncateSync(file, bytes)
        return optical(file)
      }
      const chosen = Object.entries(packets).filter(([name]) => /TOC|CONFIG|DVD|CAPACITY|SEEK|READY/.test(name))
      await compared(t, blank, (drive) => playAll(drive, Object.fromEntries(chosen)))
    }
  })

  test('gives data in pieces of the size that the guest wants, odd ones too, and none if it wants none', async (t) => {
    const names = [
      'TEST UNIT READY',
      'INQUIRY',
      'READ TOC',
      'READ (10) of three',
      'READ CD of all',
      'READ CD of nothing',
    ]
    const some = Object.fromEntries(names.map((name) => [name, packets[name]!]))
    await compared(
      t,
      () => optical(grub),
      async (drive) => {
        const seen: string[][] = []
        for (const limit of [0, 1, 2, 7, 8, 100, 512, 2046, 2048, 2050, 4096, 0xffff]) {
          seen.push(await playAll(drive, some, limit))
        }
        return seen
      },
    )
  })

  test('tells of a medium that is put in and taken out by the host, step by step', async (t) => {
    const steps = [
      'TEST UNIT READY',
      'GET EVENT STATUS',
      'TEST UNIT READY',
      'READ CAPACITY',
      'TEST UNIT READY',
      'GET EVENT STATUS',
    ]
    await compared(
      t,
      () => [...empty.slice(0, 1), `${empty[1]},id=cd`],
      async (drive) => {
        const seen: string[][] = []
        const look = async () => {
          seen.push(await drive.play(steps.flatMap((name) => [packets[name]!, requestSense])))
        }
        const { guest } = drive
        await look()
        await guest.execute('blockdev-change-medium', { device: 'cd', filename: grub, format: 'raw' })
        await look()
        await drive.play([prevent])
        await assert.rejects(guest.execute('eject', { device: 'cd' }))
        await look()
        await drive.play([allow])
        await guest.execute('eject', { device: 'cd' })
        await look()
        await drive.play([close])
        await look()
        return seen
      },
    )
  })
})
