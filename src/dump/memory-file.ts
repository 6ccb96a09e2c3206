import { type FileHandle, open, unlink } from 'node:fs/promises'
import { reasonText } from '../errno/index.ts'
import { QmpError } from '../qapi/index.ts'

/** What a memory file asks of the board. */
export interface ReadableMemory {
  readonly ramBytes: number
  /** @throws an error of kind `address`, if a page is not mapped or not memory */
  readVirtual(address: number, length: number): Promise<Uint8Array>
  /** Reads as the CPU's bus would: what nothing answers for reads as zeros. */
  readPhysical(address: number, length: number): Promise<Uint8Array>
  registers(): Promise<{ readonly cr0: number }>
}

export interface MemoryRange {
  /** First address: any 64-bit number, negative ones stand for the top of the address space. */
  readonly val: number | bigint
  readonly size: number | bigint
  readonly filename: string
  readonly signal?: AbortSignal
}

/** How much is read from the board at once. */
const chunkBytes = 1 << 20
/** No file can have more bytes: whoever tried would fill the disk first. */
const largestFile = Number.MAX_SAFE_INTEGER
/** Above this physical address an i386 board has nothing. */
const busEnd = 2n ** 32n
/** CR0: virtual addresses go through page tables. */
const paging = 0x8000_0000

/** Writes guest memory to raw files (QMP `memsave` and `pmemsave`). A file that could not be written wholly is removed. */
export class MemoryFiles {
  readonly #memory: ReadableMemory

  constructor(memory: ReadableMemory) {
    this.#memory = memory
  }

  /**
   * Saves what the CPU sees at virtual addresses, through its page tables as they are now. Those know 32 bits of an
   * address: with paging, what lies above is what lies 4 GiB below.
   *
   * @throws {QmpError} GenericError, if an address is not mapped or the file cannot be written
   */
  async saveVirtual({ val, size, filename, signal }: MemoryRange): Promise<void> {
    const start = BigInt.asUintN(64, BigInt(val))
    const invalid = (cause?: unknown): QmpError =>
      new QmpError('GenericError', `Invalid addr 0x${start.toString(16).padStart(16, '0')}/size ${size} specified`, {
        cause,
      })
    // The size need not be one that a file can have: the address space ends before.
    await writeFile(filename, checkedSize(size), signal, async (offset, length) => {
      const address = start + BigInt(offset)
      if (address + BigInt(length) > busEnd && !(await this.#isPaging())) throw invalid()
      const first = Number(BigInt.asUintN(32, address))
      const below = Math.min(length, Number(busEnd) - first)
      try {
        const bytes = await this.#memory.readVirtual(first, below)
        if (below === length) return bytes
        return Buffer.concat([bytes, await this.#memory.readVirtual(0, length - below)])
      } catch (error) {
        throw isAddressError(error) ? invalid(error) : error
      }
    })
  }

  async #isPaging(): Promise<boolean> {
    const { cr0 } = await this.#memory.registers()
    return (cr0 & paging) !== 0
  }

  /**
   * Saves what the bus has at physical addresses; where nothing answers, zeros.
   *
   * @throws {QmpError} GenericError, if the file cannot be written
   */
  async savePhysical({ val, size, filename, signal }: MemoryRange): Promise<void> {
    const start = BigInt.asUintN(64, BigInt(val))
    const total = checkedSize(size)
    await writeFile(filename, total, signal, async (offset, length) => {
      if (total > largestFile) throw ioError()
      const address = start + BigInt(offset)
      if (address >= busEnd) return new Uint8Array(length)
      const inside = Math.min(length, Number(busEnd - address))
      const bytes = await this.#memory.readPhysical(Number(address), inside)
      if (inside === length) return bytes
      const padded = new Uint8Array(length)
      padded.set(bytes)
      return padded
    })
  }
}

function checkedSize(size: number | bigint): number {
  if (size < 0) throw new QmpError('GenericError', "Parameter 'size' expects a size that a file can have")
  return Number(size)
}

function ioError(cause?: unknown): QmpError {
  return new QmpError('GenericError', 'An IO error has occurred', { cause })
}

function isAddressError(error: unknown): boolean {
  return error instanceof Error && 'kind' in error && error.kind === 'address'
}

async function writeFile(
  filename: string,
  size: number,
  signal: AbortSignal | undefined,
  read: (offset: number, length: number) => Promise<Uint8Array>,
): Promise<void> {
  const file = await openFile(filename)
  let complete = false
  try {
    for (let offset = 0; offset < size; offset += chunkBytes) {
      signal?.throwIfAborted()
      await writeAll(file, await read(offset, Math.min(chunkBytes, size - offset)))
    }
    complete = true
  } finally {
    const regular = (await file.stat()).isFile()
    await file.close()
    if (!complete && regular) await unlink(filename)
  }
}

async function openFile(filename: string): Promise<FileHandle> {
  try {
    return await open(filename, 'w')
  } catch (cause) {
    throw new QmpError('GenericError', `Could not open '${filename}': ${reasonText(cause)}`, { cause })
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done)
      done += bytesWritten
    }
  } catch (cause) {
    throw ioError(cause)
  }
}
