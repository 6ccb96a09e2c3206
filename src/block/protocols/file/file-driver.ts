import { strerror } from '../../../errno/index.ts'
import { BlockError } from '../../block-error.ts'
import type { Access } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import type {
  BlockStatus,
  CacheMode,
  ChildRole,
  Driver,
  DriverLimits,
  ImageDetails,
  NestedOptions,
  ZeroesOptions,
} from '../../open/driver.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { notFast, writeZeroBytes } from '../../zeroes.ts'
import type { FileHandle } from './file-handle.ts'
import type { FileLock } from './file-lock.ts'
import { loadHoles } from './holes.ts'

const sector = 512

/** What a file that was empty has at its beginning, in bytes, so that the alignment of its requests can be tried. */
const firstBlock = 4096

export interface FileDriverOptions {
  readonly name: 'file' | 'host_device'
  /** Open for reading. */
  readonly handle: FileHandle
  /** Bytes in the file or device. */
  readonly size: number
  /** What offsets and lengths of requests must be multiples of. */
  readonly alignment: number
  /** Whether requests were to go around the page cache; those to a file that ends amid a sector go through it all the same. */
  readonly direct: boolean
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
  #limits: DriverLimits
  #direct: boolean
  readonly #lock: FileLock | undefined
  #flushAtClose: boolean
  /** Stays open from beginning to end: it holds the locks. */
  readonly #holder: FileHandle
  /** The same, unless requests go another way to the file now than when it was opened. */
  #reader: FileHandle
  #writer: FileHandle | undefined
  #size: number
  #unflushed = false
  /** Somebody else may have made it longer. */
  #distrusted = false
  #lost: BlockError | undefined

  constructor({ name, handle, size, alignment, direct, lock, flushAtClose }: FileDriverOptions) {
    this.name = name
    this.#limits = { alignment }
    this.#direct = direct
    this.grows = name === 'file'
    this.filename = handle.path
    this.#holder = handle
    this.#reader = handle
    this.#size = size
    this.#lock = lock
    this.#flushAtClose = flushAtClose
  }

  readonly resettable = ['x-check-cache-dropped']

  /** Both are of migrations between hosts, and change nothing here. */
  takeChanges(options: OptionBag): () => () => void {
    for (const name of ['drop-cache', 'x-check-cache-dropped']) options.takeBoolean(name)
    return () => () => undefined
  }

  get limits(): DriverLimits {
    return this.#limits
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

  /** Leaves a hole, or tells the file system that it is zero, where that can do so. */
  async writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    this.#unflushed = true
    if (options?.unmap === true && this.#change('punch', offset, length)) return
    if (this.#change('zero', offset, length)) return
    if (options?.fast === true) throw notFast()
    await writeZeroBytes(this, offset, length, options)
  }

  async discard(offset: number, length: number): Promise<void> {
    if (this.#change('punch', offset, length)) this.#unflushed = true
  }

  /** Where the file has holes, as far as the system tells. */
  async status(offset: number, length: number): Promise<BlockStatus> {
    const holes = this.name === 'file' ? loadHoles() : undefined
    const { data, length: run } = holes?.look(this.#handle.fd, offset, length, this.#size) ?? { data: true, length }
    // Around the page cache there is no request of a part of a sector, so nothing is told of a part of one.
    const whole = data && this.#direct ? Math.min(length, Math.ceil(run / sector) * sector) : run
    return { length: whole, allocated: true, data, zero: !data, offset }
  }

  async truncate(length: number): Promise<void> {
    if (this.name !== 'file') {
      throw new BlockError('unsupported', 'Cannot resize device files', { filename: this.filename })
    }
    const first = this.#size === 0 ? Math.min(length, length < firstBlock ? sector : firstBlock) : 0
    if (!Number.isSafeInteger(length)) {
      throw new BlockError('invalid', `Could not resize file: ${strerror('EFBIG')}`, { filename: this.filename })
    }
    await this.#handle.truncate(length)
    this.#size = length
    if (first > 0) await writeZeroBytes(this, 0, first)
  }

  async details(): Promise<ImageDetails> {
    const { blocks } = await this.#handle.stat()
    return { actualSize: blocks * sector, dirty: false }
  }

  async setAccess(access: Access): Promise<void> {
    this.#lock?.change(access)
    if (this.#distrusted) await this.#lookAgain()
    const writes = access.uses.some((permission) => permission !== 'read')
    if (writes === (this.#writer !== undefined)) return
    if (writes) this.#writer = await this.#reader.reopen({ writable: true })
    else await this.#endWriting()
  }

  /**
   * Requests go around the page cache from now on, or through it.
   *
   * @throws {BlockError} as `FileHandle.reopen()`; then everything is as before
   */
  async setCache({ direct, noFlush }: CacheMode): Promise<void> {
    if (direct !== this.#direct) await this.#goAnotherWay(direct)
    this.#flushAtClose = !noFlush
  }

  async #goAnotherWay(direct: boolean): Promise<void> {
    const before = [this.#reader, this.#writer]
    const reader = await wayTo(this.#holder, direct)
    let alignment: number
    let writer: FileHandle | undefined
    try {
      alignment = await reader.findAlignment()
      writer = this.#writer && (await reader.reopen({ writable: true }))
    } catch (error) {
      if (reader !== this.#holder) await reader.close()
      throw error
    }
    this.#direct = direct
    this.#limits = { alignment }
    this.#reader = reader
    this.#writer = writer
    for (const handle of before) {
      if (handle !== this.#holder && handle !== reader) await handle?.close()
    }
  }

  distrust(): void {
    this.#distrusted = true
  }

  async #lookAgain(): Promise<void> {
    this.#distrusted = false
    if (this.name === 'file') this.#size = (await this.#reader.stat()).size
  }

  async close(): Promise<void> {
    try {
      await this.#endWriting()
    } finally {
      if (this.#reader !== this.#holder) await this.#reader.close()
      await this.#holder.close()
    }
  }

  /** @returns false, if the system cannot do it */
  #change(how: 'punch' | 'zero', offset: number, length: number): boolean {
    if (this.#writer === undefined || this.name !== 'file') return false
    return loadHoles()?.[how](this.#writer.fd, offset, length) ?? false
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

/** A handle of the same file whose requests go that way: the one that is given, if its do already. */
async function wayTo(holder: FileHandle, direct: boolean): Promise<FileHandle> {
  if (!direct) return holder.direct ? holder.reopen({ writable: false, direct }) : holder
  if (holder.direct) return holder
  const handle = await holder.reopen({ writable: false, direct })
  try {
    if (await handle.endsAligned()) return handle
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return holder
}
