import type { Format, FormatLetter } from './hmp-command.ts'
import { HmpError } from './hmp-error.ts'
import { characterText } from './integer-text.ts'
import { answers, type MappedMemory } from './memory-map.ts'

/** What a dump reads: memory as the bus, or as the CPU sees it, where nothing mapped is an error of kind `address`. */
export interface DumpedMemory extends MappedMemory {
  registers(): Promise<{ readonly cr0: number }>
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

/**
 * Prints memory: an address, then values, 16 bytes a line (8 if each is a byte).
 *
 * @throws {HmpError} for instructions: there is no disassembler
 */
export async function dumpMemory(
  memory: DumpedMemory,
  kind: 'virtual' | 'physical',
  { count, format, size }: Format,
  start: bigint,
  { print, wanted, signal, hasCpu }: DumpOptions,
): Promise<void> {
  if (!hasCpu && (format === 'i' || kind === 'virtual')) throw new HmpError('Can not dump without CPU')
  if (format === 'i') {
    if (count <= 0) return
    throw new HmpError(`0x${addressText('virtual', start)}: Asm output not supported on this arch`)
  }
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
