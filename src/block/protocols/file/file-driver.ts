import type { Access } from '../../access.ts'
import { BlockError } from '../../block-error.ts'
import type {
  BlockStatus,
  ChildRole,
  Driver,
  DriverLimits,
  ImageDetails,
  NestedOptions,
  ZeroesOptions,
} from '../../driver.ts'
import type { BlockNode } from '../../node.ts'
import { writeZeroBytes } from '../../zeroes.ts'
import type { FileHandle } from './file-handle.ts'
import type { FileLock } from './file-lock.ts'
import { loadHoles } from './holes.ts'

const sector = 512

export interface FileDriverOptions {
  readonly name: 'file' | 'host_device'
  /** Open for reading. */
  readonly handle: FileHandle
  /** Bytes in the file or device. */
  readonly size: number
  /** What offsets and lengths of requests must be multiples of. */
  readonly alignment: number
  /** Locks of `handle`; undefined for storage that is not locked. */
  readonly lock: FileLock | undefined
  /** Whether closing makes sure that everything written is on stable storage. */
  readonly flushAtClose: boolean
}

/**
 * A file of the host, or one of its devices.
 *
 * It is open for reading until a user wants to write: an image that nobody may write can then still be shown. The last
 * sector of a file with an odd length ends in zeroes.
 */
export class FileDriver implements Driver {
  readonly name: 'file' | 'host_device'
  readonly filename: string
  readonly children: ReadonlyMap<ChildRole, BlockNode> = new Map()
  readonly grows: boolean
  readonly limits: DriverLimits
  readonly #lock: FileLock | undefined
  readonly #flushAtClose: boolean
  /** Stays open from beginning to end: it holds the locks. */
  readonly #reader: FileHandle
  #writer: FileHandle | undefined
  #size: number
  #unflushed = false
  #lost: BlockError | undefined

  constructor({ name, handle, size, alignment, lock, flushAtClose }: FileDriverOptions) {
    this.name = name
    this.limits = { alignment }
    this.grows = name === 'file'
    this.filename = handle.path
    this.#reader = handle
    this.#size = size
    this.#lock = lock
    this.#flushAtClose = flushAtClose
  }

  get #handle(): FileHandle {
    return this.#writer ?? this.#reader
  }

  get length(): number {
    return Math.ceil(this.#size / sector) * sector
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, filename: this.filename }
  }

  readInto(offset: number, target: Uint8Array): Promise<void> {
    return this.#handle.readInto(offset, target)
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#unflushed = true
    // The last sector of an odd file becomes whole when it is written.
    this.#size = Math.max(this.#size, offset + bytes.byteLength)
    return this.#handle.write(offset, bytes)
  }

  /** @throws {BlockError} kind `io`; from then on always: the host has dropped what it could not write, and forgotten that it did */
  async flush(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost
    // A write that is under way may miss this flush.
    this.#unflushed = this.#handle.busy
    try {
      await this.#handle.datasync()
    } catch (error) {
      if (error instanceof BlockError) this.#lost = error
      throw error
    }
  }

  /** Leaves a hole, where the file system can. */
  async writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    this.#unflushed = true
    if (options?.unmap === true && this.#punch(offset, length)) return
    await writeZeroBytes(this, offset, length, options)
  }

  async discard(offset: number, length: number): Promise<void> {
    if (this.#punch(offset, length)) this.#unflushed = true
  }

  /** Where the file has holes, as far as the system tells. */
  async status(offset: number, length: number): Promise<BlockStatus> {
    const holes = this.name === 'file' ? loadHoles() : undefined
    const { data, length: run } = holes?.look(this.#handle.fd, offset, length, this.#size) ?? { data: true, length }
    return { length: run, allocated: true, data, zero: !data, offset }
  }

  async truncate(length: number): Promise<void> {
    if (this.name !== 'file') {
      throw new BlockError('unsupported', 'Cannot resize device files', { filename: this.filename })
    }
    await this.#handle.truncate(length)
    this.#size = length
  }

  async details(): Promise<ImageDetails> {
    const { blocks } = await this.#handle.stat()
    return { actualSize: blocks * sector, dirty: false }
  }

  async setAccess(access: Access): Promise<void> {
    this.#lock?.change(access)
    const writes = access.uses.some((permission) => permission !== 'read')
    if (writes === (this.#writer !== undefined)) return
    if (writes) this.#writer = await this.#reader.reopen({ writable: true })
    else await this.#endWriting()
  }

  async close(): Promise<void> {
    try {
      await this.#endWriting()
    } finally {
      await this.#reader.close()
    }
  }

  /** @returns false, if the system cannot do it */
  #punch(offset: number, length: number): boolean {
    if (this.#writer === undefined || this.name !== 'file') return false
    return loadHoles()?.punch(this.#writer.fd, offset, length) ?? false
  }

  async #endWriting(): Promise<void> {
    const writer = this.#writer
    if (writer === undefined) return
    try {
      if (this.#unflushed && this.#flushAtClose) await this.flush()
    } finally {
      this.#writer = undefined
      await writer.close()
    }
  }
}
