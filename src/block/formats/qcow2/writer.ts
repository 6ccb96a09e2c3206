import { RequestGate } from '../../drives/request-gate.ts'
import type { RequestOptions } from '../../open/driver.ts'
import { type Claim, Claims } from './claims.ts'
import type { Image } from './image.ts'
import { compressedBit, copiedBit, offsetOf } from './l2-entry.ts'
import { L2Writes, subclusterBits } from './l2-writes.ts'
import { kinds } from './mapping.ts'
import { OwnTables } from './own-tables.ts'
import type { Reader } from './reader.ts'
import { notLoaded } from './refcounts.ts'

/** What surrounds the data goes to the file together with it, if that is no longer than this. */
const longestMerged = 256 * 1024
const piecesAtOnce = 16
/** Memory for what surrounds the data of all requests together. */
const fillLimits = { requests: 64, bytes: 16 * 2 ** 20 }

/** Guest bytes that get clusters of their own, or the use of clusters that stand ready for them. */
interface Placement {
  readonly begin: number
  readonly end: number
  /** With what is filled in around them, they reach from here to `filledEnd`. */
  readonly filledBegin: number
  readonly filledEnd: number
  /** Where the first cluster is. */
  readonly host: number
  /** The clusters take the place of what was there. */
  readonly fresh: boolean
  /** Nobody has ever written there: the file reads as zeroes. */
  readonly untouched: boolean
  readonly claim: Claim
}

/** Writes what the guest sees. */
export class Writer {
  readonly claims = new Claims()
  readonly entries: L2Writes
  readonly tables: OwnTables
  readonly #image: Image
  readonly #reader: Reader
  readonly #gate = new RequestGate(fillLimits)

  constructor(image: Image, reader: Reader) {
    this.#image = image
    this.#reader = reader
    this.entries = new L2Writes(image)
    this.tables = new OwnTables(image)
  }

  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    const { mapping, data, metadata, externalData } = this.#image
    const length = bytes.byteLength
    if (length === 0) return Promise.resolve()
    if (mapping.lookUp(offset, length) === kinds.data && mapping.owned && mapping.length === length) {
      if (!externalData) metadata.checkWrite(mapping.host, length)
      this.#image.tell('write_aio')
      return data.write(mapping.host, bytes, growing, offset)
    }
    return this.#writePieces(offset, bytes, options)
  }

  async #writePieces(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    const { mapping, l2, data, writeback, metadata, externalData } = this.#image
    const end = offset + bytes.byteLength
    let pieces: Promise<void>[] = []
    try {
      for (let at = offset; at < end; ) {
        options?.signal?.throwIfAborted()
        if (writeback.crowded) await writeback.commit()
        const cluster = this.#clusterOf(at)
        const busy = this.claims.overlapping(cluster, cluster + 1)
        if (busy !== undefined) {
          await busy
          continue
        }
        if (mapping.lookUp(at, end - at) === kinds.notLoaded) {
          await l2.load(mapping.host)
          continue
        }
        if (mapping.kind === kinds.data && mapping.owned) {
          const part = bytes.subarray(at - offset, at - offset + mapping.length)
          if (!externalData) metadata.checkWrite(mapping.host, mapping.length)
          this.#image.tell('write_aio')
          pieces.push(data.write(mapping.host, part, growing, at))
          at += part.byteLength
        } else {
          const placement = this.#place(at, end)
          if (placement === undefined) {
            await this.#prepare(at)
            continue
          }
          pieces.push(this.#fill(placement, bytes.subarray(placement.begin - offset, placement.end - offset)))
          at = placement.end
        }
        if (pieces.length < piecesAtOnce) continue
        await Promise.all(pieces)
        pieces = []
      }
    } finally {
      // The bytes are in use until every piece has settled.
      await Promise.allSettled(pieces)
    }
    await Promise.all(pieces)
  }

  /**
   * Gives clusters of their own to a range in which nothing is, and nobody writes meanwhile. They read as zeroes; those
   * of a raw data file, which is as long already, as what that file has there.
   */
  async takePlaces(offset: number, length: number): Promise<void> {
    const { mapping, l2, data, writeback, file, externalData, rawData } = this.#image
    for (let at = offset; at < offset + length; ) {
      if (writeback.crowded) await writeback.commit()
      if (mapping.lookUp(at, offset + length - at) === kinds.notLoaded) {
        await l2.load(mapping.host)
        continue
      }
      if (mapping.kind === kinds.data && mapping.owned) {
        at += mapping.length
        continue
      }
      const placement = this.#place(at, offset + length)
      if (placement === undefined) {
        await this.#prepare(at)
        continue
      }
      const { host, end, filledBegin, filledEnd, claim } = placement
      const untouched = placement.untouched || rawData
      const zeroes = new Uint8Array(untouched ? 0 : Math.min(longestMerged, filledEnd - filledBegin))
      const toHost = host - claim.first * this.#image.geometry.clusterSize
      for (let done = filledBegin; done < filledEnd && !untouched; done += zeroes.byteLength) {
        const part = zeroes.subarray(0, filledEnd - done)
        await data.write(toHost + done, part, growing, done)
      }
      if (untouched && !externalData) await file.truncate(Math.max(file.length, toHost + filledEnd))
      await this.#link(placement)
      this.claims.release(claim)
      at = end
    }
  }

  /** Loads or makes what `#place()` lacked. */
  async #prepare(guest: number): Promise<void> {
    const { refcounts } = this.#image
    if (!this.tables.has(guest)) await this.tables.make(guest)
    else await refcounts.cache.load(refcounts.missing)
  }

  /**
   * Finds and claims clusters for the guest bytes that `mapping` has just found. Does not wait: whoever comes next sees
   * the claim. Undefined, if `#prepare()` must come first.
   */
  #place(begin: number, end: number): Placement | undefined {
    if (!this.tables.has(begin)) return undefined
    const { mapping } = this.#image
    return mapping.owned && mapping.kind !== kinds.compressed ? this.#placeReady(begin) : this.#placeFresh(begin, end)
  }

  /** The clusters are there and belong to the image, but do not count as data. */
  #placeReady(begin: number): Placement {
    const { mapping, geometry } = this.#image
    const { clusterSize, subclusterSize } = geometry
    const first = this.#clusterOf(begin)
    const count = this.claims.freeFrom(first, Math.ceil((begin + mapping.length) / clusterSize) - first)
    const end = Math.min(begin + mapping.length, (first + count) * clusterSize)
    if (!this.#image.externalData) this.#image.metadata.checkWrite(mapping.host, count * clusterSize)
    return {
      begin,
      end,
      filledBegin: begin - (begin % subclusterSize),
      filledEnd: Math.ceil(end / subclusterSize) * subclusterSize,
      host: mapping.host,
      fresh: false,
      untouched: false,
      claim: this.claims.take(first, first + count),
    }
  }

  #placeFresh(begin: number, requestEnd: number): Placement | undefined {
    const { clusterSize } = this.#image.geometry
    const first = this.#clusterOf(begin)
    const wanted = this.#placeable(first, Math.ceil(requestEnd / clusterSize) - first)
    const free = this.claims.freeFrom(first, wanted)
    const count = this.#image.externalData ? free : this.#image.tryAllocate(free)
    if (count === notLoaded) return undefined
    const host = (this.#image.externalData ? first : this.#image.refcounts.allocated) * clusterSize
    const end = Math.min(requestEnd, (first + count) * clusterSize)
    const headGranule = this.#granule(first)
    const tailGranule = this.#granule(first + count - 1)
    return {
      begin,
      end,
      filledBegin: begin - (begin % headGranule),
      filledEnd: Math.ceil(end / tailGranule) * tailGranule,
      host,
      fresh: true,
      untouched: !this.#image.externalData && this.#image.takeUntouched(host, count * clusterSize),
      claim: this.claims.take(first, first + count),
    }
  }

  /** How many clusters from `first` on need new ones: as far as the table is in memory. */
  #placeable(first: number, wanted: number): number {
    const { mapping, geometry } = this.#image
    const guest = first * geometry.clusterSize
    const slice = mapping.sliceOf(guest)!
    let at = mapping.entryOffset(guest) - slice.offset
    let count = 0
    for (; count < wanted && at < slice.bytes.byteLength; count++, at += geometry.l2EntrySize) {
      const high = slice.view.getUint32(at)
      const located = this.#image.externalData || offsetOf(high, slice.view.getUint32(at + 4)) !== 0
      if (count > 0 && (high & compressedBit) === 0 && (high & copiedBit) !== 0 && located) break
    }
    return count
  }

  /** What around new data is filled: with subclusters, the rest of the cluster may stay what it is if nothing is there. */
  #granule(cluster: number): number {
    const { mapping, geometry } = this.#image
    const { clusterSize, subclusterSize } = geometry
    if (subclusterSize === clusterSize || this.#image.externalData) return subclusterSize
    const guest = cluster * clusterSize
    const slice = mapping.sliceOf(guest)!
    const at = mapping.entryOffset(guest) - slice.offset
    const high = slice.view.getUint32(at)
    const located = (high & compressedBit) !== 0 || offsetOf(high, slice.view.getUint32(at + 4)) !== 0
    return located ? clusterSize : subclusterSize
  }

  /** Writes the data with what surrounds it, and then lets the table refer to it. */
  async #fill(placement: Placement, bytes: Uint8Array): Promise<void> {
    try {
      try {
        await this.#writeAround(placement, bytes)
      } catch (error) {
        if (placement.fresh && !this.#image.externalData) await this.#abandon(placement)
        throw error
      }
      await this.#link(placement)
    } finally {
      this.claims.release(placement.claim)
    }
  }

  async #writeAround(placement: Placement, bytes: Uint8Array): Promise<void> {
    const { data, geometry } = this.#image
    const { begin, end, filledBegin, filledEnd, host, claim } = placement
    const toHost = host - claim.first * geometry.clusterSize
    const bare = filledBegin === begin && filledEnd === end
    if (bare || (placement.untouched && this.#blank(filledBegin, begin) && this.#blank(end, filledEnd))) {
      this.#image.tell('write_aio')
      return data.write(toHost + begin, bytes, growing, begin)
    }
    const merged = filledEnd - filledBegin <= longestMerged
    const size = merged ? filledEnd - filledBegin : begin - filledBegin + (filledEnd - end)
    const wait = this.#gate.enter(size)
    if (wait !== undefined) await wait
    try {
      const buffer = new Uint8Array(size)
      const head = buffer.subarray(0, begin - filledBegin)
      const tail = buffer.subarray(size - (filledEnd - end))
      this.#image.tell('cow_read')
      await Promise.all([this.#readGuest(filledBegin, head), this.#readGuest(end, tail)])
      if (merged) {
        buffer.set(bytes, head.byteLength)
        this.#image.tell('write_aio')
        return await data.write(toHost + filledBegin, buffer, growing, filledBegin)
      }
      this.#image.tell('cow_write')
      const around = [
        data.write(toHost + filledBegin, head, growing, filledBegin),
        data.write(toHost + end, tail, growing, end),
      ]
      this.#image.tell('write_aio')
      const writes = [...around, data.write(toHost + begin, bytes, growing, begin)]
      await Promise.allSettled(writes)
      await Promise.all(writes)
    } finally {
      this.#gate.leave(size)
    }
  }

  /** As the guest sees it; what lies behind the end of the image is zeroes. */
  async #readGuest(offset: number, target: Uint8Array): Promise<void> {
    const available = Math.max(0, Math.min(target.byteLength, this.#image.header.size - offset))
    target.fill(0, available)
    if (available > 0) await this.#reader.readInto(offset, target.subarray(0, available))
  }

  /** Whether guest bytes are known to be zeroes: a guess that errs on the side of no. */
  #blank(begin: number, end: number): boolean {
    const { mapping, backing, header } = this.#image
    const visible = Math.min(end, header.size)
    if (begin >= visible) return true
    const kind = mapping.lookUp(begin, visible - begin)
    if (mapping.length < visible - begin) return false
    return kind === kinds.zero || (kind === kinds.unallocated && begin >= (backing?.length ?? 0))
  }

  async #link({ claim, host, fresh, filledBegin, filledEnd }: Placement): Promise<void> {
    const { mapping, geometry } = this.#image
    const { clusterSize, subclusters, subclusterSize } = geometry
    for (let cluster = claim.first; cluster < claim.end; cluster++) {
      const guest = cluster * clusterSize
      const slice = await this.entries.slice(guest)
      const at = mapping.entryOffset(guest) - slice.offset
      const wasCompressed = (slice.view.getUint32(at) & compressedBit) !== 0
      if (fresh) this.entries.giveUp(slice, at)
      this.entries.refer(slice, at, host + guest - claim.first * clusterSize)
      if (subclusters === 1) continue
      const written = subclusterBits(
        Math.max(0, (filledBegin - guest) / subclusterSize),
        Math.min(subclusters, (filledEnd - guest) / subclusterSize),
      )
      const zero = wasCompressed ? 0 : slice.view.getUint32(at + 8)
      const allocated = wasCompressed ? 0 : slice.view.getUint32(at + 12)
      this.entries.setBits(slice, at, zero & ~written, allocated | written)
    }
  }

  /** Gives back clusters that no table refers to, because their data could not be written. */
  async #abandon({ host, claim }: Placement): Promise<void> {
    const first = host / this.#image.geometry.clusterSize
    for (let index = 0; index < claim.end - claim.first; index++) {
      await this.#image.writeback.dropReference(first + index)
    }
  }

  #clusterOf(guest: number): number {
    return Math.floor(guest / this.#image.geometry.clusterSize)
  }
}

const growing = { grow: true } as const
