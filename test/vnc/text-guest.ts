import { assemble } from '../../src/assembler/index.ts'
import type { Guest } from '../interop/guest.ts'

const floppyBytes = 1_474_560
const sectorBytes = 512
const bootAddress = 0x7c00
/** Where the text lies that is shown, and how much of it there is. */
const text = { address: 0x8000, sectors: 3, turn: 1024 } as const
/** What the guest does, which line comes next, when the last one came, how much it has computed. */
const kept = { mode: 0x9000, line: 0x9002, tick: 0x9004, computed: 0x9008 } as const
/** Of the BIOS, 18.2 in a second. */
const ticks = 0x46c
const screen = 0xb800
const com1 = 0x3f8
const lastRow = 24 * 160

/** What the guest does, as a byte through COM1 tells it: it sends the byte back when it does. */
export const TextGuestMode = {
  /** Nothing: the CPU sleeps. */
  idle: 'i',
  /** Shows a line of text more with each tick of its clock. */
  scroll: 's',
  /** The same, and the CPU computes all the time. */
  compute: 'c',
} as const

/** Where it counts how much it has computed, in 32 bits. */
export const computedAddress = kept.computed

/** A cell of the picture, where each key puts another character. Text that scrolls takes it away at once. */
const keyCell = { x: 79 * 9, y: 0, width: 9, height: 16 } as const

/** Whether a part of the picture has something of that cell: QEMU sends only the lines of it that have changed. */
export function showsKey({ x, y, width, height }: { x: number; y: number; width: number; height: number }): boolean {
  const across = x < keyCell.x + keyCell.width && x + width > keyCell.x
  return across && y < keyCell.y + keyCell.height && y + height > keyCell.y
}

/** Tells the guest what to do; settles when it does. */
export async function setMode(guest: Guest, mode: (typeof TextGuestMode)[keyof typeof TextGuestMode]): Promise<void> {
  guest.sendSerial(mode)
  await guest.receive(Buffer.from(mode))
}

/** A floppy that starts a guest in a text mode. It says `.` through COM1 when it listens. */
export function textGuestFloppy(): Uint8Array {
  const image = new Uint8Array(floppyBytes)
  image.set(bootSector)
  image.set([0x55, 0xaa], sectorBytes - 2)
  image.set(log(text.sectors * sectorBytes), sectorBytes)
  return image
}

/** As a system that starts tells of it. */
function log(bytes: number): Buffer {
  const words = 'PCI: bus 00 device found; memory 0x000f0000-0x000fffff reserved, ata1.00: max UDMA/100, ok. '.split(
    ' ',
  )
  const line = (index: number): string => `[${(index * 0.137).toFixed(6)}] ${words[(index * 7) % words.length]} `
  return Buffer.from(Array.from({ length: bytes / 12 }, (_, index) => line(index)).join('')).subarray(0, bytes)
}

const bootSector = assemble(bootAddress, (asm) => {
  asm.cli()
  asm.mov('ax', 0)
  for (const segment of ['ds', 'es', 'ss'] as const) asm.mov(segment, 'ax')
  asm.mov('sp', bootAddress)
  asm.sti()
  asm.cld()
  asm.mov('ax', 0x0200 | text.sectors)
  asm.mov('bx', text.address)
  asm.mov('cx', 2)
  asm.mov('dx', 0)
  asm.int(0x13)
  asm.mov('ax', 3)
  asm.int(0x10)
  asm.mov('ax', 0x0100) // no cursor, whose blinking would change the picture by itself
  asm.mov('cx', 0x2000)
  asm.int(0x10)
  asm.mov('eax', 0)
  asm.store(kept.mode, 'eax')
  asm.store(kept.computed, 'eax')
  asm.mov('dx', com1)
  asm.mov('al', 0x2e)
  asm.out('dx', 'al')

  asm.label('loop')
  asm.load('al', kept.mode)
  asm.op('cmp', 'al', TextGuestMode.compute.charCodeAt(0))
  asm.j('z', 'compute')
  asm.hlt()
  asm.jmp('look')
  asm.label('compute')
  asm.mov('cx', 10_000)
  asm.label('again')
  asm.load('eax', kept.computed)
  asm.op('add', 'eax', 1)
  asm.store(kept.computed, 'eax')
  asm.dec('cx')
  asm.j('nz', 'again')
  asm.load('eax', ticks)
  asm.load('ecx', kept.tick)
  asm.op('cmp', 'eax', 'ecx')
  asm.j('z', 'loop')
  asm.store(kept.tick, 'eax')

  asm.label('look')
  asm.mov('ah', 1)
  asm.int(0x16)
  asm.j('z', 'no key')
  asm.mov('ah', 0)
  asm.int(0x16)
  asm.mov('ax', screen)
  asm.mov('es', 'ax')
  asm.mov('di', 2 * 79)
  asm.db(0x26) // in the segment es
  asm.loadFrom('ax', 'di')
  asm.op('add', 'ax', 1) // another character, even after several keys
  asm.stosw()
  asm.label('no key')
  asm.mov('dx', com1 + 5)
  asm.in('al', 'dx')
  asm.test('al', 1)
  asm.j('z', 'no byte')
  asm.mov('dx', com1)
  asm.in('al', 'dx')
  asm.store(kept.mode, 'al')
  asm.out('dx', 'al')
  asm.label('no byte')
  asm.load('al', kept.mode)
  asm.op('cmp', 'al', TextGuestMode.scroll.charCodeAt(0))
  asm.j('z', 'scroll')
  asm.op('cmp', 'al', TextGuestMode.compute.charCodeAt(0))
  asm.j('z', 'scroll')
  asm.jmp('loop')

  asm.label('scroll')
  asm.mov('ax', 0x0601)
  asm.mov('bx', 0x0700)
  asm.mov('cx', 0)
  asm.mov('dx', 0x184f)
  asm.int(0x10)
  asm.mov('ax', screen)
  asm.mov('es', 'ax')
  asm.mov('di', lastRow)
  asm.load('si', kept.line)
  asm.op('add', 'si', 37)
  asm.op('and', 'si', text.turn - 1)
  asm.store(kept.line, 'si')
  asm.mov('cx', 'si') // lines of 16 to 79 characters
  asm.op('and', 'cx', 0x3f)
  asm.op('add', 'cx', 16)
  asm.op('add', 'si', text.address)
  asm.label('character')
  asm.lodsb()
  asm.mov('ah', 7)
  asm.stosw()
  asm.dec('cx')
  asm.j('nz', 'character')
  asm.jmp('loop')
})
