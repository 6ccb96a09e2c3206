import type { DebugEvent } from '../../graph/debug-events.ts'
import type { BlockNode } from '../../graph/node.ts'
import { viewOf } from './big-endian.ts'

/** A piece of a table, as it stands (or will stand) in the file. Valid only until the next wait: it may leave the cache. */
export interface Slice {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly view: DataView
  /** The bytes from here to `dirtyEnd` differ from the file's. */
  dirtyBegin: number
  dirtyEnd: number
  used: boolean
  /** A copy of it is on its way to the file: it stays until that has arrived. */
  writing: boolean
}

/** Bytes on their way to the file: a copy of what changed in a slice. */
export interface PendingWrite {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly slice: Slice
}

/** Writes are widened to whole units of this size: disks write no less. */
const writeUnit = 512

export interface TableCacheOptions {
  readonly sliceSize: number
  /** How much of the tables is kept. */
  readonly bytes: number
  /** What reading a piece is called. */
  readonly loadEvent: DebugEvent
}

/**
 * Keeps pieces of tables in memory: looks them up without waiting, loads what is missing, knows what has changed.
 * Holds at most `capacity` pieces that are clean; those that have changed stay until they are written.
 */
export class TableCache {
  #file: BlockNode
  readonly #loadEvent: DebugEvent
  readonly #sliceSize: number
  readonly #capacity: number
  readonly #slices = new Map<number, Slice>()
  readonly #loading = new Map<number, Promise<void>>()
  readonly #dirty = new Set<Slice>()
  #lastKey = -1
  #last: Slice | undefined

  constructor(file: BlockNode, { sliceSize, bytes, loadEvent }: TableCacheOptions) {
    this.#file = file
    this.#loadEvent = loadEvent
    this.#sliceSize = sliceSize
    this.#capacity = Math.max(4, Math.floor(bytes / sliceSize))
  }

  /** Another node has what the file had; nothing waits to be written. */
  useFile(file: BlockNode): void {
    this.#file = file
  }

  /** How many pieces wait to be written. */
  get dirtyCount(): number {
    return this.#dirty.size
  }

  /** So many wait to be written that it is time. */
  get crowded(): boolean {
    return this.#dirty.size * 2 > this.#capacity
  }

  /** The piece that holds the byte at `offset`, if it is here. */
  get(offset: number): Slice | undefined {
    const key = Math.floor(offset / this.#sliceSize)
    if (key === this.#lastKey) return this.#last
    const slice = this.#slices.get(key)
    if (slice === undefined) return undefined
    slice.used = true
    this.#lastKey = key
    this.#last = slice
    return slice
  }

  /** Settles when the piece that holds the byte has been read; it may be gone again when the caller looks. */
  load(offset: number): Promise<void> {
    const key = Math.floor(offset / this.#sliceSize)
    if (this.#slices.has(key)) return Promise.resolve()
    let loading = this.#loading.get(key)
    if (loading === undefined) {
      loading = this.#load(key).finally(() => this.#loading.delete(key))
      this.#loading.set(key, loading)
    }
    return loading
  }

  /** Makes pieces of zeroes for a new table, in place of what the file holds there. */
  create(offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += this.#sliceSize) {
      this.forget(at, this.#sliceSize)
      const slice = this.#insert(Math.floor(at / this.#sliceSize), new Uint8Array(this.#sliceSize))
      this.markDirty(slice, 0, this.#sliceSize)
    }
  }

  markDirty(slice: Slice, begin: number, end: number): void {
    if (slice.dirtyEnd === 0) {
      this.#dirty.add(slice)
      slice.dirtyBegin = begin
      slice.dirtyEnd = end
      return
    }
    if (begin < slice.dirtyBegin) slice.dirtyBegin = begin
    if (end > slice.dirtyEnd) slice.dirtyEnd = end
  }

  /**
   * Takes copies of everything that waits to be written, in the order of the file; it counts as written from now on.
   * When the copies have arrived, or failed to, comes `written()`.
   */
  takeDirty(): PendingWrite[] {
    const writes: PendingWrite[] = []
    for (const slice of this.#dirty) {
      const begin = slice.dirtyBegin - (slice.dirtyBegin % writeUnit)
      const end = Math.min(this.#sliceSize, Math.ceil(slice.dirtyEnd / writeUnit) * writeUnit)
      writes.push({ offset: slice.offset + begin, bytes: slice.bytes.slice(begin, end), slice })
      slice.dirtyBegin = 0
      slice.dirtyEnd = 0
      slice.writing = true
    }
    this.#dirty.clear()
    return writes.sort((one, other) => one.offset - other.offset)
  }

  written(writes: readonly PendingWrite[], outcome: 'arrived' | 'failed'): void {
    for (const { offset, bytes, slice } of writes) {
      slice.writing = false
      const begin = offset - slice.offset
      if (outcome === 'failed') this.markDirty(slice, begin, begin + bytes.byteLength)
    }
  }

  /** Drops what is kept of a range: its clusters hold something else from now on. */
  forget(offset: number, length: number): void {
    const first = Math.floor(offset / this.#sliceSize)
    const end = Math.ceil((offset + length) / this.#sliceSize)
    for (let key = first; key < end; key++) {
      const slice = this.#slices.get(key)
      if (slice === undefined) continue
      this.#dirty.delete(slice)
      this.#slices.delete(key)
      if (this.#lastKey === key) this.#lastKey = -1
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#slices.clear()
    this.#dirty.clear()
    this.#lastKey = -1
    this.#last = undefined
  }

  async #load(key: number): Promise<void> {
    const bytes = new Uint8Array(this.#sliceSize)
    const offset = key * this.#sliceSize
    const available = Math.max(0, Math.min(bytes.byteLength, this.#file.length - offset))
    this.#file.driver.debugEvent?.(this.#loadEvent)
    if (available > 0) await this.#file.readInto(offset, bytes.subarray(0, available))
    // A new table may have taken the place meanwhile.
    if (!this.#slices.has(key)) this.#insert(key, bytes)
  }

  #insert(key: number, bytes: Uint8Array): Slice {
    if (this.#slices.size >= this.#capacity) this.#evict()
    const offset = key * this.#sliceSize
    const slice: Slice = { offset, bytes, view: viewOf(bytes), dirtyBegin: 0, dirtyEnd: 0, used: true, writing: false }
    this.#slices.set(key, slice)
    return slice
  }

  /** Second chance: the oldest that nobody has asked for since it was passed over. */
  #evict(): void {
    let passes = this.#slices.size * 2
    for (const [key, slice] of this.#slices) {
      if (passes-- === 0) return
      if (slice.dirtyEnd === 0 && !slice.used && !slice.writing) {
        this.#slices.delete(key)
        if (this.#lastKey === key) this.#lastKey = -1
        return
      }
      slice.used = false
      this.#slices.delete(key)
      this.#slices.set(key, slice)
    }
  }
}
