/** Kernels of a few instructions for `-kernel`, which send what they are told through COM1. */
import { type Assembler, assemble } from '../../guests/assembler.ts'

const com1 = 0x3f8
/** Where they lie, above 1 MiB. */
export const loadAddress = 0x100000
const multibootMagic = 0x1badb002

/** How much a kernel sends: eax and ebx, what ebx points to, and memory from 9000h and behind the kernel. */
export const report = { registers: 8, information: 88, low: 0xb00, behind: 0x2200 } as const
export const reportBytes = report.registers + report.information + report.low + report.behind
/** The kernel's own pages: what QEMU adds lies behind them. */
const kernelBytes = 0x1000

/** Sends eax, ebx, and the memory that `report` names. */
function sendReport(asm: Assembler): void {
  asm.bits32()
  asm.label('start')
  asm.mov('ebp', 'ebx')
  asm.mov('esp', 0x7000)
  asm.call('number')
  asm.mov('eax', 'ebp')
  asm.call('number')
  for (const [from, length] of [
    [undefined, report.information],
    [0x9000, report.low],
    [loadAddress + kernelBytes, report.behind],
  ] as const) {
    asm.mov('esi', from ?? 'ebp')
    asm.mov('ecx', length)
    asm.call('memory')
  }
  asm.label('end')
  asm.hlt()
  asm.jmp('end')

  asm.label('number') // eax
  asm.mov('ebx', 'eax')
  for (let index = 0; index < 4; index++) {
    asm.mov('eax', 'ebx')
    asm.call('byte')
    asm.shift('right', 'ebx', 8)
  }
  asm.ret()

  sendMemory(asm)
}

function sendMemory(asm: Assembler): void {
  asm.label('memory') // ecx bytes from esi
  asm.lodsb()
  asm.call('byte')
  asm.op('sub', 'ecx', 1)
  asm.j('nz', 'memory')
  asm.ret()

  asm.label('byte') // al, when the port can take it
  asm.mov('edi', 'eax')
  asm.mov('edx', com1 + 5)
  asm.label('busy')
  asm.in('al', 'dx')
  asm.test('al', 0x20)
  asm.j('z', 'busy')
  asm.mov('edx', com1)
  asm.mov('eax', 'edi')
  asm.out('dx', 'al')
  asm.ret()
}

/** Files of the firmware configuration device that are longer stay out of what `firmwareKernel` sends. */
export const longestFirmwareFile = 0x1000
const selector = 0x510
const directory = 0x19
const entryAt = 0x8000

/**
 * A multiboot kernel that sends what the firmware configuration device has: the values of the first keys (8 bytes each,
 * 16 of the UUID), then for each file its entry of the directory (64 bytes), and what is in it, if it is short.
 */
export function firmwareKernel(): Uint8Array {
  return flatProgram((asm) => {
    asm.bits32()
    asm.label('start')
    asm.mov('esp', 0x7000)
    for (const [key, bytes] of firmwareValues) {
      asm.mov('eax', key)
      asm.call('select')
      asm.mov('ecx', bytes)
      asm.call('pass')
    }
    // Which of the files is next is kept in ebp.
    asm.mov('ebp', 0)
    asm.label('file')
    asm.mov('eax', directory)
    asm.call('select')
    asm.mov('ecx', 4)
    asm.call('take') // how many there are
    asm.mov('ebx', 'eax')
    asm.op('cmp', 'ebx', 'ebp')
    asm.j('z', 'end')
    asm.mov('ebx', 'ebp')
    asm.label('skip')
    asm.op('cmp', 'ebx', 0)
    asm.j('z', 'here')
    asm.mov('ecx', 64)
    asm.call('take')
    asm.op('sub', 'ebx', 1)
    asm.jmp('skip')
    asm.label('here')
    asm.mov('ecx', 64)
    asm.call('take')
    asm.mov('esi', entryAt)
    asm.mov('ecx', 64)
    asm.call('memory')
    asm.op('add', 'ebp', 1)
    asm.load('ecx', entryAt)
    asm.bswap('ecx')
    asm.op('cmp', 'ecx', longestFirmwareFile)
    asm.j('a', 'file')
    asm.load('eax', entryAt + 4)
    asm.bswap('eax')
    asm.shift('right', 'eax', 16)
    asm.call('select')
    asm.call('pass')
    asm.jmp('file')
    asm.label('end')
    asm.mov('eax', 'Z'.charCodeAt(0))
    asm.call('byte')
    asm.hlt()
    asm.jmp('end')

    asm.label('select') // the key in ax
    asm.mov('edx', selector)
    asm.out('dx', 'ax')
    asm.ret()

    asm.label('take') // ecx bytes, to entryAt; eax = the first four, turned round
    asm.mov('edi', entryAt)
    asm.mov('edx', selector + 1)
    asm.label('taking')
    asm.in('al', 'dx')
    asm.db(0xaa) // stosb
    asm.op('sub', 'ecx', 1)
    asm.j('nz', 'taking')
    asm.load('eax', entryAt)
    asm.bswap('eax')
    asm.ret()

    asm.label('pass') // ecx bytes, to the port
    asm.op('cmp', 'ecx', 0)
    asm.j('z', 'passed')
    asm.mov('edx', selector + 1)
    asm.in('al', 'dx')
    asm.call('byte')
    asm.op('sub', 'ecx', 1)
    asm.j('nz', 'pass')
    asm.label('passed')
    asm.ret()

    sendMemory(asm)
  })
}

/** Keys that `firmwareKernel` sends first, and how many bytes of them. */
export const firmwareValues: readonly (readonly [key: number, bytes: number])[] = [
  [0, 4],
  [1, 4],
  [2, 16],
  [3, 8],
  [5, 2],
  [0x0e, 2],
  [0x0f, 2],
]

/** A multiboot kernel of some code, which is entered at `start`. */
function flatProgram(code: (asm: Assembler) => void): Uint8Array {
  return assemble(loadAddress, (asm) => {
    const flags = 0x00010003
    asm.dd(multibootMagic, flags, -(multibootMagic + flags) >>> 0)
    asm.dd(loadAddress, loadAddress, 0, 0, asm.at('start'))
    code(asm)
  })
}

export interface FlatHeader {
  readonly headerAddress: number
  readonly loadEnd: number
  readonly bssEnd: number
  /** Bytes of the file in front of what is loaded. */
  readonly offset: number
}

/** A multiboot kernel with addresses in its header. */
export function flatKernel(changes: Partial<FlatHeader> = {}): Uint8Array {
  const offset = changes.offset ?? 0
  const image = assemble(loadAddress, (asm) => {
    const flags = 0x00010003
    asm.dd(multibootMagic, flags, -(multibootMagic + flags) >>> 0)
    asm.dd(changes.headerAddress ?? loadAddress, loadAddress, changes.loadEnd ?? 0, changes.bssEnd ?? 0)
    asm.dd(asm.at('start'))
    sendReport(asm)
  })
  return Buffer.concat([new Uint8Array(offset), image])
}

/** What is special about an ELF file. */
export interface ElfShape {
  readonly multiboot?: boolean
  /** The machine that it is for. */
  readonly machine?: number
  /** The type of the note with its PVH entry. */
  readonly note?: number
}

/** A kernel as an ELF file: one segment of code, and one with a note. */
export function elfKernel({ multiboot = false, machine = 3, note }: ElfShape = {}): Uint8Array {
  const headers = 52 + 2 * 32
  const noteAt = headers + 12
  const codeAt = 0x200
  const code = assemble(loadAddress, sendReport)
  const file = Buffer.alloc(codeAt + code.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, machine === 62 ? 2 : 1, 1, 1])
  const words = (at: number, ...values: readonly number[]): void => {
    for (const [index, value] of values.entries()) file.writeUInt32LE(value >>> 0, at + index * 4)
  }
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(machine, 18)
  words(20, 1, loadAddress, 52, 0, 0)
  file.writeUInt16LE(52, 40)
  file.writeUInt16LE(32, 42)
  file.writeUInt16LE(2, 44)
  file.writeUInt16LE(40, 46)
  words(52, 1, codeAt, loadAddress, loadAddress, code.length, kernelBytes, 5, 4)
  words(84, 4, noteAt, 0, 0, note === undefined ? 0 : 20, note === undefined ? 0 : 20, 4, 4)
  words(noteAt, 4, 4, note ?? 0)
  file.write('Xen\0', noteAt + 12)
  words(noteAt + 16, loadAddress)
  if (multiboot) words(noteAt + 20, multibootMagic, 3, -(multibootMagic + 3))
  file.set(code, codeAt)
  return file
}
