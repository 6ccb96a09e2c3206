import { closeSync, constants, open, write } from 'node:fs'
import { promisify } from 'node:util'
import { type CpuRegisters, mappedPages } from '../board/index.ts'
import { reasonText } from '../errno/index.ts'
import { type EmitOf, QmpError } from '../qapi/index.ts'
import { asMapped, asPhysical, clipped, type PhysicalRange } from './dump-ranges.ts'
import { coreHead, coreTail } from './elf-core.ts'
import type { DumpStatus, dumpEvents } from './events.ts'
import { KdumpWriter, kdumpTail } from './kdump.ts'

const openFile = promisify(open) as (path: string, flags: number, mode: number) => Promise<number>
const writeFile = promisify(write) as (
  fd: number,
  bytes: Uint8Array,
  at: number,
  length: number,
) => Promise<{ readonly bytesWritten: number }>

/** How much of memory is read at once. */
const chunkBytes = 256 << 10

/** What a dump asks of the board. */
export interface DumpedBoard {
  registers(): Promise<CpuRegisters>
  readPhysical(address: number, length: number): Promise<Uint8Array>
}

/** What a dump asks of run control. */
export interface DumpedGuest {
  /** Does something while the guest stands still; it goes on afterwards, if it ran. */
  standingStill<T>(work: () => Promise<T>): Promise<T>
}

export interface DumpRequest {
  readonly paging: boolean
  /** `file:PATH` or `fd:NAME`. */
  readonly protocol: string
  readonly begin?: number | bigint | undefined
  readonly length?: number | bigint | undefined
  readonly format?: 'elf' | 'kdump-zlib' | 'kdump-lzo' | 'kdump-snappy' | 'win-dmp' | undefined
  /** The caller does not wait for the end. */
  readonly detach?: boolean | undefined
  readonly takeDescriptor: (name: string) => number
  readonly signal: AbortSignal
}

interface Surroundings {
  readonly board: DumpedBoard
  readonly guest: DumpedGuest
  /** The memory that the guest can have in its address space now, by rising addresses. */
  readonly memory: () => Promise<readonly PhysicalRange[]>
  readonly hasCpu: boolean
  /** Whether the guest has still to come from elsewhere. */
  readonly incoming: () => boolean
  readonly emit: EmitOf<typeof dumpEvents>
}

/** Writes guest memory, with the state of the CPU, as a core file that debuggers read: one at a time. */
export class GuestDump {
  readonly #surroundings: Surroundings
  #status: DumpStatus = 'none'
  #completed = 0
  #total = 0

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  get result(): { readonly status: DumpStatus; readonly completed: number; readonly total: number } {
    return { status: this.#status, completed: this.#completed, total: this.#total }
  }

  /** @throws {QmpError} GenericError, in QEMU's words */
  async write(request: DumpRequest): Promise<void> {
    if (this.#surroundings.incoming()) {
      throw new QmpError('GenericError', 'Dump not allowed during incoming migration.')
    }
    if (this.#status === 'active') throw new QmpError('GenericError', 'There is a dump in process, please wait.')
    checkForm(request)
    const fd = await this.#begin(request)
    this.#completed = 0
    this.#total = 0
    let ranges: readonly PhysicalRange[]
    try {
      ranges = clipped(await this.#surroundings.memory(), wantedRange(request))
      if (ranges.length === 0) throw new QmpError('GenericError', 'dump: no guest memory to dump')
    } catch (error) {
      this.#status = 'failed'
      closeSync(fd)
      throw error
    }
    this.#total = ranges.reduce((sum, { bytes }) => sum + bytes, 0)
    const done = this.#surroundings.guest.standingStill(() => this.#run(fd, ranges, request))
    if (request.detach === true)
      done.catch(() => undefined) // the event has told
    else await done
  }

  /** Opens the file: meanwhile nobody else begins. A dump that cannot begin leaves what is told of the one before. */
  async #begin(request: DumpRequest): Promise<number> {
    const before = this.#status
    this.#status = 'active'
    try {
      return await openTarget(request)
    } catch (error) {
      this.#status = before
      throw error
    }
  }

  async #run(fd: number, ranges: readonly PhysicalRange[], request: DumpRequest): Promise<void> {
    const { emit } = this.#surroundings
    try {
      await this.#writeAll(fd, ranges, request)
      this.#status = 'completed'
      emit('DUMP_COMPLETED', { result: this.result })
    } catch (error) {
      this.#status = 'failed'
      emit('DUMP_COMPLETED', { result: this.result, error: error instanceof Error ? error.message : String(error) })
      throw error
    } finally {
      closeSync(fd)
    }
  }

  async #writeAll(
    fd: number,
    ranges: readonly PhysicalRange[],
    { paging, format, signal }: DumpRequest,
  ): Promise<void> {
    const { board, hasCpu } = this.#surroundings
    const registers = hasCpu ? [await board.registers()] : []
    if (format === 'kdump-zlib') {
      const writer = new KdumpWriter(registers, ranges)
      await put(fd, writer.head())
      await this.#writeMemory(ranges, signal, (bytes) => put(fd, writer.pages(bytes)))
      return put(fd, kdumpTail)
    }
    const pages = paging && hasCpu ? await mappedPages(board) : undefined
    const loaded = pages === undefined ? asPhysical(ranges) : await asMapped(ranges, pages)
    await put(fd, coreHead(registers, loaded, this.#total))
    await this.#writeMemory(ranges, signal, (bytes) => put(fd, bytes))
    await put(fd, coreTail)
  }

  async #writeMemory(
    ranges: readonly PhysicalRange[],
    signal: AbortSignal,
    take: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const { board } = this.#surroundings
    for (const { address, bytes } of ranges) {
      for (let at = 0; at < bytes; at += chunkBytes) {
        signal.throwIfAborted()
        const length = Math.min(chunkBytes, bytes - at)
        await take(await board.readPhysical(address + at, length))
        this.#completed += length
      }
    }
  }
}

function refuse(text: string): never {
  throw new QmpError('GenericError', text)
}

/** Looks whether what is said goes together. @throws {QmpError} GenericError, in QEMU's words and order */
function checkForm({ paging, begin, length, format = 'elf' }: DumpRequest): void {
  if (format !== 'elf' && (paging || begin !== undefined || length !== undefined))
    refuse("kdump-compressed format doesn't support paging or filter")
  if (begin !== undefined && length === undefined) refuse("Parameter 'length' is missing")
  if (begin === undefined && length !== undefined) refuse("Parameter 'begin' is missing")
  if (format === 'win-dmp') refuse('Windows dump is only available for x86-64')
  if (format !== 'elf' && format !== 'kdump-zlib') refuse(`${format} is not available now`)
}

/** @returns the range that is wanted; undefined for all @throws {QmpError} GenericError, in QEMU's words */
function wantedRange({ begin, length }: DumpRequest): PhysicalRange | undefined {
  if (begin === undefined || length === undefined) return undefined
  if (Number(length) === 0) refuse("Invalid parameter 'length'")
  if (begin < 0) refuse("Invalid parameter 'begin'")
  return { address: Number(begin), bytes: Number(length) }
}

/** @throws {QmpError} GenericError, in QEMU's words */
async function openTarget({ protocol, takeDescriptor }: DumpRequest): Promise<number> {
  const [, kind, name = ''] = /^(file|fd):(.*)$/s.exec(protocol) ?? []
  if (kind === undefined) throw new QmpError('GenericError', "Invalid parameter 'protocol'")
  if (kind === 'fd') return takeDescriptor(name)
  try {
    // As QEMU opens it: only its owner may read it.
    return await openFile(name, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o400)
  } catch (error) {
    throw new QmpError('GenericError', `Could not open '${name}': ${reasonText(error)}`, { cause: error })
  }
}

async function put(fd: number, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) at += (await writeFile(fd, bytes, at, bytes.length - at)).bytesWritten
  } catch (error) {
    throw new QmpError('GenericError', `dump: failed to save memory: ${reasonText(error)}`, { cause: error })
  }
}
