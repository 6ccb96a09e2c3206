import * as fs from 'node:fs'
import { deferred } from '../../../async/index.ts'
import { FdSetError, type FileSource, isPassed, type OpenedFile } from '../../../descriptors/index.ts'
import { reasonText, systemCode } from '../../../errno/index.ts'
import { BlockError, kindOfSystemError } from '../../block-error.ts'
import { type AlignedBuffers, largestAligned, loadAlignedBuffers } from './aligned-buffers.ts'
import { InlineIo, turnBudget } from './inline-io.ts'
import { loadNativeAio, type NativeAio } from './native-aio.ts'

export interface OpenOptions {
  readonly writable: boolean
  /** Around the host's page cache. Without `loadLibc` it goes through it. */
  readonly direct?: boolean
  /** Opens files whose names stand for descriptors that were passed. */
  readonly files?: FileSource | undefined
}

/** Alignments that devices ask for. */
const smallestAlignment = 512
const largestAlignment = 4096

/**
 * An open descriptor that counts what runs on it. It is closed only when nothing does: the system gives a number
 * away again at once, and a late write would go into somebody else's file.
 *
 * Uses the callback calls of `node:fs`: they cost a third less than those of `fs/promises`.
 */
export class FileHandle {
  readonly fd: number
  readonly path: string
  readonly #inline: InlineIo | undefined
  /** Memory for requests around the page cache, if it is open so. */
  readonly #aligned: AlignedBuffers | undefined
  readonly #aio: NativeAio | undefined
  readonly #files: FileSource | undefined
  readonly #passed: OpenedFile | undefined
  #running = 0
  #idle: (() => void) | undefined

  private constructor(path: string, { fd, passed, files, inline, aligned }: Opened) {
    this.fd = fd
    this.path = path
    this.#files = files
    this.#passed = passed
    this.#inline = inline
    this.#aligned = aligned
    this.#aio = aligned && loadNativeAio()
  }

  /** @throws {BlockError} in QEMU's words, if the file cannot be opened */
  static async open(path: string, { writable, direct = false, files }: OpenOptions): Promise<FileHandle> {
    const aligned = direct ? loadAlignedBuffers() : undefined
    const { O_RDWR, O_RDONLY, O_DIRECT } = fs.constants
    const flags = (writable ? O_RDWR : O_RDONLY) | (aligned === undefined ? 0 : O_DIRECT)
    try {
      const passed = files?.open(path, flags)
      const fd = passed?.fd ?? (await openNamed(path, flags))
      const way = aligned === undefined ? { inline: await inlineFor(fd) } : { aligned }
      return new FileHandle(path, { fd, passed, files, ...way })
    } catch (cause) {
      if (cause instanceof FdSetError) throw failure(cause.message, path, cause)
      if (aligned !== undefined && systemCode(cause) === 'EINVAL') {
        throw failure(`Could not open '${path}': filesystem does not support O_DIRECT`, path, cause)
      }
      throw failure(`Could not open '${path}': ${reasonText(cause)}`, path, cause)
    }
  }

  /** Whether it goes around the page cache: then what is asked of it must be aligned. */
  get direct(): boolean {
    return this.#aligned !== undefined
  }

  /**
   * What offsets and lengths must be multiples of around the page cache.
   *
   * @throws {BlockError} kind `io`
   */
  async findAlignment(): Promise<number> {
    if (this.#aligned === undefined) return 1
    const { size } = await this.stat()
    if (size < smallestAlignment) return largestAlignment
    try {
      await this.readInto(0, new Uint8Array(smallestAlignment))
      return smallestAlignment
    } catch (error) {
      if (error instanceof BlockError && error.context.code === 'EINVAL') return largestAlignment
      throw error
    }
  }

  /** Whether the file ends where a request may: around the page cache it would grow at its end otherwise. */
  async endsAligned(): Promise<boolean> {
    const { size } = await this.stat()
    return size % (await this.findAlignment()) === 0
  }

  /** Whether anything runs on it. */
  get busy(): boolean {
    return this.#running > 0
  }

  /**
   * Opens the same file once more, to do other things with it; of a set of descriptors the one that is for those things,
   * whatever it leads to.
   *
   * @throws {BlockError} as `open()`; kind `invalid`, if its path leads to another file by now
   */
  async reopen({ writable, direct = this.direct }: Pick<OpenOptions, 'writable' | 'direct'>): Promise<FileHandle> {
    const fresh = await FileHandle.open(this.path, { writable, direct, files: this.#files })
    if (isPassed(this.path)) return fresh
    const [ours, theirs] = await Promise.all([this.stat(), fresh.stat()])
    if (ours.ino === theirs.ino && ours.dev === theirs.dev) return fresh
    await fresh.close()
    throw new BlockError('invalid', `'${this.path}' has been replaced by another file`, { filename: this.path })
  }

  /** Fills the target; what lies beyond the end of the file reads as zeroes. */
  readInto(position: number, target: Uint8Array): Promise<void> {
    if (this.#aligned !== undefined) return this.#readDirect(position, target, this.#aligned)
    return this.#read(position, target)
  }

  write(position: number, bytes: Uint8Array): Promise<void> {
    if (this.#aligned !== undefined) return this.#writeDirect(position, bytes, this.#aligned)
    return this.#write(position, bytes)
  }

  async #readDirect(position: number, target: Uint8Array, memory: AlignedBuffers): Promise<void> {
    for (let at = 0; at < target.byteLength; at += largestAligned) {
      const part = target.subarray(at, at + largestAligned)
      const buffer = memory.take(part.byteLength)
      const wanted = buffer.subarray(0, part.byteLength)
      if (!(await this.#moveNatively('read', position + at, wanted, memory))) await this.#read(position + at, wanted)
      part.set(wanted)
      // Not in the case of an error: the system may still have it in use.
      memory.give(buffer)
    }
  }

  async #writeDirect(position: number, bytes: Uint8Array, memory: AlignedBuffers): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += largestAligned) {
      const part = bytes.subarray(at, at + largestAligned)
      const buffer = memory.take(part.byteLength)
      buffer.set(part)
      const wanted = buffer.subarray(0, part.byteLength)
      if (!(await this.#moveNatively('write', position + at, wanted, memory))) await this.#write(position + at, wanted)
      memory.give(buffer)
    }
  }

  /** @returns whether all has been done; if not, a thread is told what is wrong */
  async #moveNatively(
    operation: 'read' | 'write',
    position: number,
    bytes: Uint8Array,
    memory: AlignedBuffers,
  ): Promise<boolean> {
    const aio = this.#aio
    if (aio === undefined || !aio.willing) return false
    this.#running++
    const moved = await aio.run(operation, this.fd, position, bytes, memory.addressOf(bytes))
    this.#ended()
    return moved === bytes.byteLength
  }

  #read(position: number, target: Uint8Array): Promise<void> {
    let filled = this.#inline?.read(position, target) ?? 0
    if (filled === target.byteLength) return done
    return this.#run((done) => {
      const next = (): void => {
        fs.read(this.fd, target, filled, target.byteLength - filled, position + filled, (error, count) => {
          if (error !== null) return done(error)
          filled += count
          // Around the page cache, less than wanted means the end, and what follows would not be aligned.
          if (count > 0 && filled < target.byteLength && !this.direct) return next()
          target.fill(0, filled)
          done(null)
        })
      }
      next()
    })
  }

  #write(position: number, bytes: Uint8Array): Promise<void> {
    let written = this.#inline?.write(position, bytes) ?? 0
    if (written === bytes.byteLength) return done
    return this.#run((done) => {
      const next = (): void => {
        fs.write(this.fd, bytes, written, bytes.byteLength - written, position + written, (error, count) => {
          if (error !== null) return done(error)
          written += count
          if (written < bytes.byteLength) next()
          else done(null)
        })
      }
      next()
    })
  }

  datasync(): Promise<void> {
    return this.#run((done) => fs.fdatasync(this.fd, done))
  }

  truncate(length: number): Promise<void> {
    return this.#run((done) => fs.ftruncate(this.fd, length, done))
  }

  async stat(): Promise<fs.Stats> {
    const { promise, resolve } = deferred<fs.Stats>()
    await this.#run((done) =>
      fs.fstat(this.fd, (error, stats) => {
        if (error === null) resolve(stats)
        done(error)
      }),
    )
    return promise
  }

  /** Closes the descriptor when nothing runs on it any more. No call may come after. */
  async close(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await new Promise<void>((resolve, reject) =>
      fs.close(this.fd, (error) => {
        this.#passed?.closed()
        if (error) reject(this.#failure(error))
        else resolve()
      }),
    )
  }

  #run(start: (done: (error: NodeJS.ErrnoException | null | undefined) => void) => void): Promise<void> {
    this.#running++
    return new Promise((resolve, reject) =>
      start((error) => {
        turnBudget.renew()
        this.#ended()
        if (error) reject(this.#failure(error))
        else resolve()
      }),
    )
  }

  #ended(): void {
    this.#running--
    if (this.#running === 0) this.#idle?.()
  }

  #failure(cause: unknown): BlockError {
    return failure(reasonText(cause), this.path, cause)
  }
}

const done = Promise.resolve()

/** What a handle is made of. */
interface Opened {
  readonly fd: number
  readonly passed: OpenedFile | undefined
  readonly files: FileSource | undefined
  readonly inline?: InlineIo | undefined
  readonly aligned?: AlignedBuffers
}

/** What it is shows when it is open, and a pipe would not open before somebody has its other end. */
function openNamed(path: string, flags: number): Promise<number> {
  const { promise, resolve, reject } = deferred<number>()
  fs.open(path, flags | fs.constants.O_NONBLOCK, (error, fd) => (error === null ? resolve(fd) : reject(error)))
  return promise
}

/** Only for regular files: devices have their own ways of waiting. */
function inlineFor(fd: number): Promise<InlineIo | undefined> {
  const { promise, resolve } = deferred<InlineIo | undefined>()
  fs.fstat(fd, (error, stats) => {
    if (error !== null || !stats.isFile()) return resolve(undefined)
    fs.statfs(`/proc/self/fd/${fd}`, (noType, about) => {
      resolve(noType === null ? InlineIo.for(fd, about.type) : undefined)
    })
  })
  return promise
}

function failure(message: string, filename: string, cause: unknown): BlockError {
  const code = systemCode(cause)
  return new BlockError(
    kindOfSystemError(code),
    message,
    { filename, ...(code === undefined ? {} : { code }) },
    { cause },
  )
}
