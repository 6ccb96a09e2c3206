import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { systemCode } from '../errno/index.ts'

/** A file is not one to read whole: it has no end, or is too large. */
export class FileRefusal extends Error {
  override readonly name = 'FileRefusal'
}

/** To open a pipe that nobody writes to, or some devices, would wait otherwise. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK
/** How much is read at once, at the least. */
const pieceBytes = 1 << 16
/** How long a pipe may take to bring something, in milliseconds, and how often it is looked after. */
const [pipePatience, pipeInterval] = [1000, 5]

export interface WholeFileOptions {
  /** The most bytes that it may have. */
  readonly limit: number
}

/**
 * Reads a regular file.
 *
 * @throws {FileRefusal} if it is no regular file, or larger than the limit
 * @throws {Error} with the system's `code`
 */
export async function readWholeFile(path: string, { limit }: WholeFileOptions): Promise<Buffer> {
  const file = await open(path, flags)
  try {
    const bytes = new Pieces(checked(await file.stat(), limit), limit)
    while (bytes.take(await readPiece(file, bytes.room()))) {}
    return bytes.whole()
  } finally {
    await file.close()
  }
}

/** As `readWholeFile`, at once. With `pipes`, what a pipe has to give is read as well, up to its end. */
export function readWholeFileNow(path: string, options: WholeFileOptions & { readonly pipes?: boolean }): Buffer {
  const { limit, pipes = false } = options
  const fd = openSync(path, flags)
  try {
    const stats = fstatSync(fd)
    if (pipes && stats.isFIFO()) return readPipe(fd, limit)
    const bytes = new Pieces(checked(stats, limit), limit)
    while (bytes.take(readSync(fd, bytes.room()))) {}
    return bytes.whole()
  } finally {
    closeSync(fd)
  }
}

/** @returns how large it claims to be @throws {FileRefusal} */
function checked(stats: Stats, limit: number): number {
  if (stats.isDirectory()) throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' })
  if (!stats.isFile()) throw new FileRefusal('Not a regular file')
  if (stats.size > limit) throw tooLarge(limit)
  return stats.size
}

function tooLarge(limit: number): FileRefusal {
  return new FileRefusal(`Larger than ${limit} bytes`)
}

async function readPiece(file: FileHandle, room: Uint8Array): Promise<number> {
  return (await file.read(room)).bytesRead
}

/** What has been read so far: a file may be larger than it claims, as those of /proc are. */
class Pieces {
  readonly #limit: number
  #bytes: Buffer
  #length = 0

  constructor(expected: number, limit: number) {
    this.#limit = limit
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(expected + 1, pieceBytes))
  }

  /** Where the next bytes go. */
  room(): Uint8Array {
    if (this.#length === this.#bytes.length) {
      const more = Buffer.allocUnsafeSlow(this.#length * 2)
      more.set(this.#bytes)
      this.#bytes = more
    }
    return this.#bytes.subarray(this.#length)
  }

  /** @returns whether there may be more @throws {FileRefusal} if it has become too much */
  take(count: number): boolean {
    this.#length += count
    if (this.#length > this.#limit) throw tooLarge(this.#limit)
    return count > 0
  }

  whole(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Whoever writes to the pipe may be a moment late. */
function readPipe(fd: number, limit: number): Buffer {
  const bytes = new Pieces(0, limit)
  let begun = false
  for (let waited = 0; waited < pipePatience; waited += pipeInterval) {
    const count = readFromPipe(fd, bytes.room())
    if (count === 0 && begun) return bytes.whole()
    if (count !== undefined && count > 0) {
      bytes.take(count)
      begun = true
    } else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pipeInterval)
  }
  throw new FileRefusal(begun ? 'The pipe does not end' : 'Nothing comes from the pipe')
}

/** @returns undefined, if nothing is there yet; 0, if nobody writes */
function readFromPipe(fd: number, room: Uint8Array): number | undefined {
  try {
    return readSync(fd, room)
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return undefined
    throw error
  }
}
