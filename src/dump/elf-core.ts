import type { CpuRegisters, SegmentRegister } from '../board/index.ts'

/*
 * A core file as QEMU writes it for a PC: ELF of 64 bits, for the guest's physical addresses end where 32 bits do. The
 * header, two sections (the names of sections, which are one), the program headers, two notes, and memory.
 */
const headerBytes = 64
const programHeaderBytes = 56
const sectionHeaderBytes = 64
const sectionNames = Buffer.from('\0.shstrtab\0', 'latin1')
const noteType = { load: 1, note: 4 }
/** The number of program headers that says: it stands in the first section. */
const manyHeaders = 0xffff

/** A part of memory that debuggers find: at a virtual address, or where that is the physical one. */
export interface LoadedRange {
  readonly virtualAddress: number
  readonly physicalAddress: number
  readonly bytes: number
  /** Where its bytes are behind the headers; undefined for a range that is not memory. */
  readonly offset: number | undefined
}

/** What stands before the memory. @param memoryBytes of the memory, behind which the names of sections are */
export function coreHead(
  registers: readonly CpuRegisters[],
  ranges: readonly LoadedRange[],
  memoryBytes: number,
): Buffer {
  const notes = cpuNotes(registers)
  const count = ranges.length + 1
  const notesAt = headerBytes + 2 * sectionHeaderBytes + count * programHeaderBytes
  const memoryAt = notesAt + notes.length
  const loads = ranges.map(({ virtualAddress, physicalAddress, bytes, offset }) =>
    programHeader(noteType.load, {
      offset: offset === undefined ? 0 : memoryAt + offset,
      ...{ virtualAddress, physicalAddress, bytes },
      inFile: offset === undefined ? 0 : bytes,
    }),
  )
  const place = { offset: notesAt, virtualAddress: 0, physicalAddress: 0, bytes: notes.length, inFile: notes.length }
  return Buffer.concat([
    fileHeader(count),
    sectionHeader({ type: 0, name: 0, offset: 0, bytes: 0, info: count >= manyHeaders ? count : 0 }),
    sectionHeader({ type: 3, name: 1, offset: memoryAt + memoryBytes, bytes: sectionNames.length, info: 0 }),
    programHeader(noteType.note, place),
    ...loads,
    notes,
  ])
}

/** The notes of the CPUs: what debuggers know of a process, and all registers. */
export function cpuNotes(registers: readonly CpuRegisters[]): Buffer {
  return Buffer.concat([
    ...registers.map((each, index) => note('CORE', 1, processStatus(each, index + 1))),
    ...registers.map((each) => note('QEMU', 0, cpuState(each))),
  ])
}

/** What stands behind the memory. */
export const coreTail: Uint8Array = sectionNames

function fileHeader(programHeaders: number): Buffer {
  const head = Buffer.alloc(headerBytes)
  head.write('\x7fELF\x02\x01\x01', 'latin1') // 64 bits, little-endian, version 1
  head.writeUInt16LE(4, 16) // a core file
  head.writeUInt16LE(3, 18) // of an i386
  head.writeUInt32LE(1, 20)
  head.writeUInt32LE(headerBytes + 2 * sectionHeaderBytes, 32)
  head.writeUInt32LE(headerBytes, 40)
  const sizes = [
    headerBytes,
    programHeaderBytes,
    Math.min(programHeaders, manyHeaders),
    sectionHeaderBytes,
    2, // sections
    1, // the one with the names
  ]
  for (const [index, size] of sizes.entries()) head.writeUInt16LE(size, 52 + 2 * index)
  return head
}

function sectionHeader(section: {
  readonly type: number
  readonly name: number
  readonly offset: number
  readonly bytes: number
  readonly info: number
}): Buffer {
  const head = Buffer.alloc(sectionHeaderBytes)
  head.writeUInt32LE(section.name, 0)
  head.writeUInt32LE(section.type, 4)
  head.writeBigUInt64LE(BigInt(section.offset), 24)
  head.writeBigUInt64LE(BigInt(section.bytes), 32)
  head.writeUInt32LE(section.info, 44)
  return head
}

function programHeader(
  type: number,
  place: {
    readonly offset: number
    readonly virtualAddress: number
    readonly physicalAddress: number
    readonly bytes: number
    readonly inFile: number
  },
): Buffer {
  const head = Buffer.alloc(programHeaderBytes)
  head.writeUInt32LE(type, 0)
  const { offset, virtualAddress, physicalAddress, inFile, bytes } = place
  for (const [index, value] of [offset, virtualAddress, physicalAddress, inFile, bytes].entries())
    head.writeBigUInt64LE(BigInt(value), 8 + 8 * index)
  return head
}

function note(owner: string, type: number, contents: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt32LE(owner.length + 1, 0)
  head.writeUInt32LE(contents.length, 4)
  head.writeUInt32LE(type, 8)
  const name = Buffer.alloc(8)
  name.write(owner, 'latin1')
  return Buffer.concat([head, name, contents])
}

/** Linux's `struct elf_prstatus` for i386: of all that it has, the number of the process and the registers. */
function processStatus(registers: CpuRegisters, number: number): Buffer {
  const status = Buffer.alloc(144)
  status.writeUInt32LE(number, 24)
  const { ebx, ecx, edx, esi, edi, ebp, eax, eip, eflags, esp, segments } = registers
  const selector = (name: keyof typeof segments): number => segments[name].selector
  const original = 0 // the number of a system call
  const words = [
    ...[ebx, ecx, edx, esi, edi, ebp, eax],
    ...[selector('ds'), selector('es'), selector('fs'), selector('gs'), original],
    ...[eip, selector('cs'), eflags, esp, selector('ss')],
  ]
  for (const [index, word] of words.entries()) status.writeUInt32LE(word >>> 0, 72 + 4 * index)
  return status
}

/** QEMU's own note: every register that the other one has no room for. */
function cpuState(registers: CpuRegisters): Buffer {
  const state = Buffer.alloc(440)
  state.writeUInt32LE(1, 0) // version
  state.writeUInt32LE(state.length, 4)
  let at = 8
  const word = (value: number): void => {
    state.writeUInt32LE(value >>> 0, at)
    at += 8
  }
  const { eax, ebx, ecx, edx, esi, edi, esp, ebp, eip, eflags, segments, gdt, idt } = registers
  for (const value of [eax, ebx, ecx, edx, esi, edi, esp, ebp]) word(value)
  at += 8 * 8 // R8 to R15
  for (const value of [eip, eflags]) word(value)
  const segment = ({ selector, limit, flags, base }: SegmentRegister): void => {
    for (const [index, value] of [selector, limit, flags].entries()) state.writeUInt32LE(value >>> 0, at + 4 * index)
    state.writeUInt32LE(base >>> 0, at + 16)
    at += 24
  }
  for (const name of ['cs', 'ds', 'es', 'fs', 'gs', 'ss', 'ldt', 'tr'] as const) segment(segments[name])
  for (const { base, limit } of [gdt, idt]) segment({ selector: 0, limit, flags: 0, base })
  for (const value of [registers.cr0, 0, registers.cr2, registers.cr3, registers.cr4]) word(value)
  return state
}
