import { createHash } from 'node:crypto'
import { BlockError } from '../block-error.ts'
import { bytesOfPage, GranuleSet } from './granule-set.ts'

/** Why something cannot be done with a bitmap. */
export type Hindrance = 'busy' | 'read-only' | 'inconsistent'

interface HindranceText {
  readonly text: (name: string) => string
  readonly hint?: string
}

/** In the order in which they are looked at. */
const hindrances: Readonly<Record<Hindrance, HindranceText>> = {
  busy: { text: (name) => `Bitmap '${name}' is currently in use by another operation and cannot be used` },
  'read-only': { text: (name) => `Bitmap '${name}' is readonly and cannot be modified` },
  inconsistent: {
    text: (name) => `Bitmap '${name}' is inconsistent and cannot be used`,
    hint: 'Try block-dirty-bitmap-remove to delete this bitmap from disk',
  },
}

/** What stands in the way of whoever changes what a bitmap has noted. */
export const changing: readonly Hindrance[] = ['busy', 'read-only', 'inconsistent']
/** What stands in the way of whoever reads it, or switches it on and off. */
export const using: readonly Hindrance[] = ['busy', 'inconsistent']
/** What stands in the way of whoever removes it. */
export const removing: readonly Hindrance[] = ['busy', 'read-only']

export interface NewDirtyBitmap {
  /** Undefined for one that no user can name. */
  readonly name?: string | undefined
  /** In bytes, a power of two, at least 512. */
  readonly granularity: number
  /** Whether it notes writes from now on. Default: it does. */
  readonly recording?: boolean
  /** Whether the image keeps it when it is closed. */
  readonly persistent?: boolean
}

/** A range of bytes. */
export interface DirtyArea {
  readonly offset: number
  readonly length: number
}

/** What bitmap changes can be taken back: what a bitmap had noted. */
export type Noted = GranuleSet

/**
 * Which parts of an image have been written since somebody last asked: a bit for each granule. It belongs to a node, which
 * tells it of writes.
 */
export class DirtyBitmap {
  name: string | undefined
  readonly granularity: number
  /** Whether the image keeps it when it is closed. */
  persistent: boolean
  /** Somebody is removing it, or another process has it, though that may be taken back: the image does not keep it. */
  leaving = false
  /** What takes the notes meanwhile, while an operation uses those that there are. */
  successor: DirtyBitmap | undefined
  #recording: boolean
  #granules: GranuleSet
  #size: number
  readonly #hindrances = new Set<Hindrance>()

  /** @internal bitmaps come from `NodeBitmaps.add()`. @param size - bytes of the image */
  constructor({ name, granularity, recording = true, persistent = false }: NewDirtyBitmap, size: number) {
    this.name = name
    this.granularity = granularity
    this.persistent = persistent
    this.#recording = recording
    this.#size = size
    this.#granules = new GranuleSet(Math.ceil(size / granularity))
  }

  /** Bytes of the image. */
  get size(): number {
    return this.#size
  }

  /** Bytes that have been written, in whole granules. */
  get dirtyBytes(): number {
    return this.#granules.count * this.granularity
  }

  /** Whether it notes writes itself. */
  get recording(): boolean {
    return this.#recording
  }

  set recording(recording: boolean) {
    this.#recording = recording
  }

  is(hindrance: Hindrance): boolean {
    return this.#hindrances.has(hindrance)
  }

  /** An operation begins to use it, or ends; its image becomes read only, or writable; it turns out to be wrong. */
  become(hindrance: Hindrance, holds = true): void {
    if (holds) this.#hindrances.add(hindrance)
    else this.#hindrances.delete(hindrance)
  }

  /** @throws {BlockError} kinds `busy`, `read-only` and `corrupt`, if something is in the way */
  check(against: readonly Hindrance[]): void {
    for (const hindrance of against) {
      if (!this.#hindrances.has(hindrance)) continue
      const { text, hint } = hindrances[hindrance]
      const kind = hindrance === 'inconsistent' ? 'corrupt' : hindrance
      throw new BlockError(kind, text(this.name ?? ''), hint === undefined ? {} : { hint })
    }
  }

  /** What it notes, by granules: for an operation that works through them. */
  get granules(): GranuleSet {
    return this.#granules
  }

  isDirty(offset: number): boolean {
    return this.#granules.has(Math.floor(offset / this.granularity))
  }

  /** Notes every granule that a range touches, whether it records or not. */
  mark(offset: number, length: number): void {
    if (length <= 0) return
    this.#granules.add(Math.floor(offset / this.granularity), Math.ceil((offset + length) / this.granularity))
  }

  /** Forgets every granule that a range touches. */
  unmark(offset: number, length: number): void {
    if (length <= 0) return
    this.#granules.delete(Math.floor(offset / this.granularity), Math.ceil((offset + length) / this.granularity))
  }

  /** Forgets everything. @returns what it had noted */
  clear(): Noted {
    const before = this.#granules
    this.#granules = new GranuleSet(before.length)
    return before
  }

  /** Notes what it had noted at another time. */
  restore(noted: Noted): void {
    this.#granules = noted
  }

  /**
   * Notes what another bitmap has noted; a granule that only a part of one of the other's lies in, too.
   *
   * @returns what it had noted before
   * @throws {BlockError} kinds of `check()`; `invalid`, if they are of images of different sizes
   */
  merge(source: DirtyBitmap): Noted {
    this.check(changing)
    source.check(using)
    if (source.size !== this.size) {
      const sizes = `(destination size is ${this.size}, source size is ${source.size})`
      throw new BlockError('invalid', `Bitmaps are of different sizes ${sizes} and can't be merged`)
    }
    const before = this.#granules.copy()
    this.take(source)
    return before
  }

  /** As `merge()`, without asking. */
  take(source: DirtyBitmap): void {
    for (const { offset, length } of source.areas()) this.mark(offset, length)
  }

  /** What is dirty, in order and as long as can be, up to the end of the image. @param from - where to begin, in bytes */
  *areas(from = 0): Generator<DirtyArea> {
    for (const { first, end } of this.#granules.stretches(Math.floor(from / this.granularity))) {
      const offset = Math.max(from, first * this.granularity)
      yield { offset, length: Math.min(end * this.granularity, this.#size) - offset }
    }
  }

  /** The first dirty area from an offset on, not longer than `most`. */
  nextDirty(from: number, most = Number.POSITIVE_INFINITY): DirtyArea | undefined {
    for (const { offset, length } of this.areas(from)) return { offset, length: Math.min(length, most) }
    return undefined
  }

  /** The image becomes longer or shorter: what is new is clean. */
  resize(size: number): void {
    this.#size = size
    this.#granules.resize(Math.ceil(size / this.granularity))
  }

  /** The bits as they stand in an image, the lowest bit of a byte first: `length` bytes of them from a byte on. */
  bytes(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = offset; at < offset + length; ) {
      const within = at % bytesOfPage
      const count = Math.min(offset + length - at, bytesOfPage - within)
      const page = this.#granules.pageBytes(Math.floor(at / bytesOfPage))
      if (page !== undefined) bytes.set(page.subarray(within, within + count), at - offset)
      at += count
    }
    return bytes
  }

  /** Notes what bits in an image say; `offset` is that of the first byte among all of the bitmap's. */
  addBytes(offset: number, bytes: Uint8Array): void {
    this.#granules.addBytes(offset * 8, bytes)
  }

  /** SHA-256 of the bits, filled up to words of 64, for tests: as QEMU has it. */
  sha256(): string {
    const hash = createHash('sha256')
    const total = Math.max(1, Math.ceil(this.#granules.length / 64)) * 8
    for (let at = 0; at < total; at += 2 ** 20) hash.update(this.bytes(at, Math.min(2 ** 20, total - at)))
    return hash.digest('hex')
  }
}
