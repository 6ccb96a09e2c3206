import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import type {
  BlockStatus,
  CheckOptions,
  CheckResult,
  ChildRole,
  Driver,
  FormatDefinition,
  ImageDetails,
  NestedOptions,
  RequestOptions,
} from '../open/driver.ts'
import { filenameFor } from '../open/filename-for.ts'

/** Where a stretch of the guest's bytes is. */
export interface Place {
  readonly length: number
  /** The node that has the bytes, and where; undefined, if they are zeroes or the backing file's. */
  readonly stored?: { readonly node: BlockNode; readonly offset: number }
  /** Unpacks a stretch that is not stored as it is: all of it, from its beginning. */
  readonly unpack?: () => Promise<Uint8Array>
  /** How far into what `unpack` gives the stretch begins. */
  readonly skip?: number
  /** This image decides that there are zeroes. */
  readonly zero?: boolean
  /** The stretch has its place whether or not anything has been written: its holes are zeroes. */
  readonly preallocated?: boolean
}

export interface ReadOnlyImageOptions {
  readonly name: string
  /** Guest bytes. */
  readonly length: number
  readonly file: BlockNode
  /** More nodes that hold the guest's bytes, and the backing file. */
  readonly others?: ReadonlyMap<ChildRole, BlockNode>
  readonly details: ImageDetails
  /** Says where the beginning of a range is. */
  find(offset: number, length: number): Promise<Place>
  /**
   * Looks for faults; the result is how many there are. Without it there is nothing to check.
   *
   * @param report - hears of each
   * @throws {BlockError} if the rest cannot be checked
   */
  readonly findFaults?: (report: (text: string) => void) => Promise<number>
}

/** An image of a format that is read and not written: its map says where what is. */
export class ReadOnlyImage implements Driver {
  readonly name: string
  readonly length: number
  readonly children: ReadonlyMap<ChildRole, BlockNode>
  readonly check?: (options?: CheckOptions) => Promise<CheckResult>
  readonly #options: ReadOnlyImageOptions

  constructor(options: ReadOnlyImageOptions) {
    this.#options = options
    const { findFaults } = options
    if (findFaults !== undefined) this.check = (asked) => checked(findFaults, asked)
    this.name = options.name
    this.length = options.length
    this.children = new Map([['file', options.file], ...(options.others ?? [])])
  }

  async setReadOnly(readOnly: boolean): Promise<void> {
    checkReadOnly(readOnly, this.name, this.#options.file.filename)
  }

  get filename(): string | undefined {
    return filenameFor(this.#options.file)
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, file: this.#options.file.driver.fullOptions() }
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    const backing = this.children.get('backing')
    for (let done = 0; done < target.byteLength; ) {
      options?.signal?.throwIfAborted()
      const at = offset + done
      const place = await this.#options.find(at, target.byteLength - done)
      const part = target.subarray(done, done + place.length)
      if (place.unpack !== undefined) await fillUnpacked(part, place)
      else if (place.stored !== undefined) await readPadded(place.stored.node, place.stored.offset, part, options)
      else if (place.zero === true || backing === undefined) part.fill(0)
      else await readPadded(backing, at, part, options)
      done += place.length
    }
  }

  write(): Promise<void> {
    return Promise.reject(this.#refusal())
  }

  async flush(): Promise<void> {}

  truncate(): Promise<void> {
    return Promise.reject(this.#refusal())
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    const place = await this.#options.find(offset, length)
    const { stored, unpack, zero = false, preallocated = false } = place
    if (unpack !== undefined) {
      return { length: place.length, allocated: true, data: true, zero: false, compressed: true }
    }
    if (stored === undefined) {
      const backing = this.children.get('backing')
      const nothingBehind = backing === undefined || offset >= backing.length
      return { length: place.length, allocated: zero, data: false, zero: zero || nothingBehind }
    }
    const found = {
      length: place.length,
      allocated: true,
      data: true,
      zero: false,
      offset: stored.offset,
      in: stored.node,
    }
    if (!preallocated || stored.offset >= stored.node.length) return found
    const below = await stored.node.status(stored.offset, Math.min(place.length, stored.node.length - stored.offset))
    return { ...found, length: below.length, zero: below.zero }
  }

  async details(): Promise<ImageDetails> {
    let actualSize = 0
    for (const [role, child] of this.children) {
      if (role !== 'backing') actualSize += (await child.details()).actualSize ?? 0
    }
    return { ...this.#options.details, actualSize }
  }

  async close(): Promise<void> {}

  #refusal(): BlockError {
    return readOnlyFormat(this.name, this.#options.file.filename)
  }
}

async function checked(
  findFaults: NonNullable<ReadOnlyImageOptions['findFaults']>,
  { repair, report }: CheckOptions = {},
): Promise<CheckResult> {
  if (repair !== undefined) throw new BlockError('unsupported', 'This image format does not support checks')
  const corruptions = await findFaults(report ?? (() => undefined))
  return {
    corruptions,
    leaks: 0,
    corruptionsFixed: 0,
    leaksFixed: 0,
    checkErrors: 0,
    totalClusters: 0,
    allocatedClusters: 0,
    compressedClusters: 0,
    fragmentedClusters: 0,
    imageEndOffset: 0,
  }
}

async function fillUnpacked(part: Uint8Array, { unpack, skip = 0 }: Place): Promise<void> {
  const bytes = await unpack!()
  part.fill(0)
  part.set(bytes.subarray(skip, skip + part.byteLength))
}

/** What lies behind the end of a node reads as zeroes. */
export async function readPadded(
  node: BlockNode,
  offset: number,
  target: Uint8Array,
  options?: RequestOptions,
): Promise<void> {
  const available = Math.max(0, Math.min(target.byteLength, node.length - offset))
  if (available > 0) await node.readInto(offset, target.subarray(0, available), options)
  target.fill(0, available)
}

/** Reads a piece of an image's structure, zeroes behind the end of the file. */
export async function readTable(node: BlockNode, offset: number, length: number): Promise<DataView> {
  const bytes = new Uint8Array(length)
  await readPadded(node, offset, bytes)
  return new DataView(bytes.buffer)
}

/** Refuses to write to an image of this format, unless it is to be checked alone. @throws {BlockError} kind `unsupported` */
export function checkReadOnly(readOnly: boolean, format: string, filename: string, forCheck = false): void {
  if (!readOnly && !forCheck) throw readOnlyFormat(format, filename)
}

/** Refuses an image that will be written, if there are only readers of its format. @throws {BlockError} kind `unsupported` */
export function checkWritten({ name, notWritten = false }: FormatDefinition, filename: string): void {
  if (notWritten) throw readOnlyFormat(name, filename)
}

function readOnlyFormat(format: string, filename: string): BlockError {
  return new BlockError('unsupported', `Images of format '${format}' are read only in this version`, { filename })
}
