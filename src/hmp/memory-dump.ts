import type { CpuRegisters } from '../board/index.ts'
import { loadDisassembler } from '../disassembler/index.ts'
import type { Format, FormatLetter } from './hmp-command.ts'
import { HmpError } from './hmp-error.ts'
import { characterText } from './integer-text.ts'
import { answers, type MappedMemory } from './memory-map.ts'

/** What a dump reads: memory as the bus, or as the CPU sees it, where nothing mapped is an error of kind `address`. */
export interface DumpedMemory extends MappedMemory {
  registers(): Promise<Pick<CpuRegisters, 'cr0' | 'eflags' | 'segments'>>
  readPhysical(address: number, length: number): Promise<Uint8Array>
  readVirtual(address: number, length: number): Promise<Uint8Array>
}

export interface DumpOptions {
  readonly print: (text: string) => void
  /** Waits until more can be taken; false once nobody wants it any more. */
  readonly wanted: () => Promise<boolean>
  readonly signal: AbortSignal
  readonly hasCpu: boolean
}

/** In CR0. */
const paging = 0x80000000
/** How many bytes are read at once: whole lines of each size. */
const chunkBytes = 4096

/** Prints memory: an address, then values, 16 bytes a line (8 if each is a byte); or instructions. */
export async function dumpMemory(
  memory: DumpedMemory,
  kind: 'virtual' | 'physical',
  { count, format, size }: Format,
  start: bigint,
  { print, wanted, signal, hasCpu }: DumpOptions,
): Promise<void> {
  if (!hasCpu && (format === 'i' || kind === 'virtual')) throw new HmpError('Can not dump without CPU')
  if (format === 'i') return dumpInstructions(memory, kind, count, start, { print, wanted, signal, hasCpu })
  const bytesEach = size ?? 1
  const lineBytes = bytesEach === 1 ? 8 : 16
  const shown: Shown = { format, size: format === 'c' ? 1 : bytesEach, digits: digitsOf(format, bytesEach) }
  let left = (bytesEach * count) | 0
  let address = start
  while (left > 0) {
    signal.throwIfAborted()
    if (!(await wanted())) return
    const lines = Math.ceil(Math.min(left, chunkBytes) / lineBytes)
    for (let line = 0; line < lines; line++) {
      const length = Math.min(lineBytes, left)
      const bytes = await read(memory, kind, address, length, hasCpu)
      const head = `${addressText(kind, address)}:`
      if (bytes === undefined) {
        print(`${head} Cannot access memory\n`)
        return
      }
      print(`${head}${values(bytes, shown)}\n`)
      address += BigInt(length)
      left -= length
    }
  }
}

/** In EFLAGS: what was written for an 8086 runs. */
const virtual8086 = 0x20000
/** In CR0. */
const protectedMode = 1
/** In a descriptor: code has operands and addresses of 32 bits. */
const wideCode = 0x400000
/** So many bytes are shown on a line. */
const shownBytes = 8
/** Memory is read ahead for a whole instruction, but no further than to the next of these. */
const borderBytes = 1024n
const readAhead = 16n

/** Prints instructions, one at least. @throws {HmpError} if there is no disassembler */
async function dumpInstructions(
  memory: DumpedMemory,
  kind: 'virtual' | 'physical',
  count: number,
  start: bigint,
  { print, wanted, signal, hasCpu }: DumpOptions,
): Promise<void> {
  const disassembler = loadDisassembler()
  const at = (address: bigint): string => `0x${addressText('virtual', address)}:`
  if (disassembler === undefined) throw new HmpError(`${at(start)} Asm output not supported on this arch`)
  const { eflags, cr0, segments } = await memory.registers()
  const is32 = (cr0 & protectedMode) !== 0 && (eflags & virtual8086) === 0 && (segments.cs.flags & wideCode) !== 0
  // Without paging all 32 bits of an address count, unlike for numbers.
  const where = kind === 'virtual' && (cr0 & paging) === 0 ? 'physical' : kind
  let address = BigInt.asUintN(32, start)
  let ahead = new Uint8Array(0)
  let left = count
  do {
    signal.throwIfAborted()
    if (!(await wanted())) return
    const from = address + BigInt(ahead.length)
    const border = (from / borderBytes + 1n) * borderBytes
    const length = Number(border - from < readAhead ? border - from : readAhead)
    const more = await read(memory, where, from, Math.min(length, Number(readAhead) - ahead.length), hasCpu)
    if (more === undefined) {
      print(`${at(address)} unable to read memory\n`)
      return
    }
    ahead = Buffer.concat([ahead, more])
    const instruction = disassembler.decode(ahead, Number(address), is32 ? 32 : 16)
    for (const [line, bytes] of linesOf(ahead.subarray(0, instruction.length)).entries()) {
      const hex = [...bytes].map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('')
      const shown = line === 0 ? `${hex.padEnd(3 * shownBytes)}  ${instruction.text}` : hex
      print(`${at(address + BigInt(line * shownBytes))} ${shown}\n`)
    }
    address += BigInt(instruction.length)
    ahead = ahead.subarray(instruction.length)
  } while (--left > 0)
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / shownBytes) }, (_, line) =>
    bytes.subarray(line * shownBytes, (line + 1) * shownBytes),
  )
}

interface Shown {
  readonly format: FormatLetter
  readonly size: 1 | 2 | 4 | 8
  readonly digits: number
}

function digitsOf(format: FormatLetter, size: number): number {
  if (format === 'o') return Math.ceil((size * 8) / 3)
  if (format === 'u' || format === 'd') return Math.ceil((size * 8 * 10) / 33)
  return size * 2
}

function addressText(kind: 'virtual' | 'physical', address: bigint): string {
  const bits = kind === 'virtual' ? 32 : 64
  return BigInt.asUintN(bits, address)
    .toString(16)
    .padStart(bits / 4, '0')
}

function values(bytes: Uint8Array, { format, size, digits }: Shown): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  for (let at = 0; at < bytes.length; at += size) text += ` ${valueText(valueAt(view, at, size), format, digits)}`
  return text
}

function valueAt(view: DataView, at: number, size: Shown['size']): bigint {
  if (size === 1) return BigInt(view.getUint8(at))
  if (size === 2) return BigInt(view.getUint16(at, true))
  return size === 4 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true)
}

function valueText(value: bigint, format: FormatLetter, digits: number): string {
  switch (format) {
    case 'o':
      return (value === 0n ? '0' : `0${value.toString(8)}`).padStart(digits)
    case 'u':
      return value.toString().padStart(digits)
    case 'd':
      return BigInt.asIntN(64, value).toString().padStart(digits)
    case 'c':
      return characterText(value)
    default:
      return `0x${value.toString(16).padStart(digits, '0')}`
  }
}

/** Undefined if nothing can be read there. */
async function read(
  memory: DumpedMemory,
  kind: 'virtual' | 'physical',
  address: bigint,
  length: number,
  isPc: boolean,
): Promise<Uint8Array | undefined> {
  if (kind === 'virtual') return readVirtual(memory, Number(BigInt.asUintN(32, address)), length)
  const unsigned = BigInt.asUintN(64, address)
  return (await answers(memory, unsigned, length, isPc)) ? memory.readPhysical(Number(unsigned), length) : undefined
}

/** While paging is off, QEMU takes an address for a negative number, and the upper half for what is not there. */
async function readVirtual(memory: DumpedMemory, address: number, length: number): Promise<Uint8Array | undefined> {
  if (address + length > 2 ** 32) return undefined
  if (((await memory.registers()).cr0 & paging) === 0) {
    const there = address < 2 ** 31 && (await answers(memory, BigInt(address), length, true))
    return there ? memory.readPhysical(address, length) : undefined
  }
  try {
    return await memory.readVirtual(address, length)
  } catch (error) {
    if (error instanceof Error && 'kind' in error && error.kind === 'address') return undefined
    throw error
  }
}
