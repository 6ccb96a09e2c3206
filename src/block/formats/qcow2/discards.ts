import type { ZeroesOptions } from '../../open/driver.ts'
import { notFast, writeZeroBytes } from '../../zeroes.ts'
import type { Image } from './image.ts'
import { compressedBit, copiedBit, offsetOf, zeroBit } from './l2-entry.ts'
import { subclusterBits } from './l2-writes.ts'
import { kinds } from './mapping.ts'
import type { Slice } from './table-cache.ts'
import type { Writer } from './writer.ts'

const allSubclusters = 0xffff_ffff

/** What becomes of the entry of a cluster, of which the bytes from `begin` to before `end` are meant. */
type Change = (slice: Slice, at: number, begin: number, end: number) => 'changed' | 'impossible'

/** What becomes of a range without a table. */
type WithoutTable = 'make' | 'skip' | 'skip where nothing shows'

/** Makes ranges zero, or nobody's, by changing tables alone. */
export class Discards {
  readonly #image: Image
  readonly #writer: Writer

  constructor(image: Image, writer: Writer) {
    this.#image = image
    this.#writer = writer
  }

  /**
   * Makes a range zero, whatever will be behind the image later: also where nothing is written and no backing file shows,
   * the tables say so afterwards. Part of a cluster becomes zero with all of it where all of it is zero already.
   */
  async writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    const { geometry, header } = this.#image
    const end = offset + length
    await this.#zeroRawData(offset, end, options)
    if (header.version === 2) return this.#zeroByHand(offset, end, options)
    const begin = Math.min(end, Math.ceil(offset / geometry.subclusterSize) * geometry.subclusterSize)
    const last = end === header.size ? end : Math.max(begin, end - (end % geometry.subclusterSize))
    await this.#zeroPart(offset, begin, options)
    const change: Change = (slice, at, from, to) => this.#zero(slice, at, from, to, options?.unmap ?? false)
    await this.#eachCluster(begin, last, change, { ...options, missing: 'make' })
    await this.#zeroPart(last, end, options)
  }

  /** Makes a part of a cluster zero, or of a subcluster. */
  async #zeroPart(begin: number, end: number, options?: ZeroesOptions): Promise<void> {
    if (begin >= end) return
    const { geometry, header, mapping, backing } = this.#image
    const { subclusterSize } = geometry
    const start = begin - (begin % subclusterSize)
    const stop = Math.min(start + subclusterSize, header.size)
    let done = false
    const change: Change = (slice, at, from, to) => {
      const kind = mapping.lookUp(start, stop - start)
      if (kind === kinds.unallocated && start >= (backing?.length ?? 0)) this.#zero(slice, at, from, to, false)
      else if (kind !== kinds.zero) return 'changed'
      done = true
      return 'changed'
    }
    await this.#eachCluster(start, stop, change, { ...options, missing: 'make' })
    if (!done) await this.#zeroByHand(begin, end, options)
  }

  /** Gives the clusters of a range back; those that are only touched stay. */
  async discard(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    const { geometry, header, backing } = this.#image
    const { clusterSize } = geometry
    // Version 2 cannot say that a cluster is zero: what is behind it would show.
    if (header.version === 2 && backing !== undefined) return
    const begin = Math.ceil(offset / clusterSize) * clusterSize
    const end = offset + length === header.size ? header.size : offset + length - ((offset + length) % clusterSize)
    const change: Change = (slice, at) => this.#drop(slice, at)
    if (begin >= end) return
    await this.#zeroRawData(begin, end, { ...options, unmap: true })
    await this.#eachCluster(begin, end, change, { ...options, missing: 'skip where nothing shows' })
  }

  /** Gives back whole clusters that the guest will not see any more: nothing stays in the tables. */
  forget(offset: number, length: number): Promise<void> {
    const { entries } = this.#writer
    const change: Change = (slice, at) => {
      entries.giveUp(slice, at, true)
      entries.set(slice, at, 0, 0)
      if (this.#image.geometry.subclusters > 1) entries.setBits(slice, at, 0, 0)
      return 'changed'
    }
    return this.#eachCluster(offset, offset + length, change, { missing: 'skip' })
  }

  /** A data file that is a raw image has the same bytes as this one. */
  async #zeroRawData(begin: number, end: number, options?: ZeroesOptions): Promise<void> {
    const { rawData, storage } = this.#image
    if (!rawData || begin >= storage.length) return
    await storage.writeZeroes(begin, Math.min(end, storage.length) - begin, options)
  }

  async #eachCluster(
    begin: number,
    end: number,
    change: Change,
    options: ZeroesOptions & { readonly missing: WithoutTable },
  ): Promise<void> {
    const { l1, mapping, geometry, writeback, backing } = this.#image
    const { clusterSize, l2Reach } = geometry
    for (let at = begin; at < end; ) {
      options.signal?.throwIfAborted()
      if (writeback.crowded) await writeback.commit()
      const first = Math.floor(at / clusterSize)
      const busy = this.#writer.claims.overlapping(first, first + 1)
      if (busy !== undefined) {
        await busy
        continue
      }
      const reachEnd = Math.min(end, (Math.floor(at / l2Reach) + 1) * l2Reach)
      if (!this.#writer.tables.has(at)) {
        if (options.missing === 'skip' && l1.tableAt(Math.floor(at / l2Reach)) === 0) {
          at = reachEnd
          continue
        }
        const nothing =
          options.missing === 'skip where nothing shows' &&
          mapping.lookUp(at, reachEnd - at) === kinds.unallocated &&
          at >= (backing?.length ?? 0)
        if (nothing && mapping.length === reachEnd - at) at = reachEnd
        else await this.#writer.tables.make(at)
        continue
      }
      const slice = mapping.sliceOf(at)
      if (slice === undefined) {
        await this.#writer.entries.slice(at)
        continue
      }
      const clusterEnd = Math.min(end, (first + 1) * clusterSize)
      const entry = mapping.entryOffset(at) - slice.offset
      const outcome = change(slice, entry, at - first * clusterSize, clusterEnd - first * clusterSize)
      if (outcome === 'impossible') await this.#zeroByHand(at, clusterEnd, options)
      at = clusterEnd
    }
  }

  #zero(slice: Slice, at: number, begin: number, end: number, unmap: boolean): 'changed' | 'impossible' {
    const { geometry } = this.#image
    const { entries } = this.#writer
    const high = slice.view.getUint32(at)
    const low = slice.view.getUint32(at + 4)
    const compressed = (high & compressedBit) !== 0
    const owned = !compressed && (high & copiedBit) !== 0
    const keeps = owned && (!unmap || this.#image.externalData)
    if (geometry.subclusters === 1) {
      if (!keeps) entries.giveUp(slice, at, true)
      if (keeps) entries.set(slice, at, high, low | zeroBit)
      else entries.set(slice, at, 0, zeroBit)
      return 'changed'
    }
    const bits = subclusterBits(begin / geometry.subclusterSize, Math.ceil(end / geometry.subclusterSize))
    if (bits === allSubclusters) {
      if (!keeps) {
        entries.giveUp(slice, at, true)
        entries.set(slice, at, 0, 0)
      }
      entries.setBits(slice, at, allSubclusters, 0)
      return 'changed'
    }
    if (compressed) return 'impossible'
    entries.setBits(slice, at, slice.view.getUint32(at + 8) | bits, slice.view.getUint32(at + 12) & ~bits)
    return 'changed'
  }

  #drop(slice: Slice, at: number): 'changed' {
    const { geometry, header, backing } = this.#image
    const { entries } = this.#writer
    const high = slice.view.getUint32(at)
    const low = slice.view.getUint32(at + 4)
    const located = (high & (compressedBit | copiedBit)) !== 0 || offsetOf(high, low) !== 0
    const showsBacking = backing !== undefined
    if (!located && !showsBacking) return 'changed'
    entries.giveUp(slice, at, true)
    if (geometry.subclusters > 1) {
      entries.set(slice, at, 0, 0)
      entries.setBits(slice, at, allSubclusters, 0)
    } else entries.set(slice, at, 0, header.version === 2 ? 0 : zeroBit)
    return 'changed'
  }

  /** Writes zeroes where the tables do not say that there are some. */
  async #zeroByHand(begin: number, end: number, options?: ZeroesOptions): Promise<void> {
    const { mapping, l2 } = this.#image
    for (let at = begin; at < end; ) {
      const kind = mapping.lookUp(at, end - at)
      if (kind === kinds.notLoaded) {
        await l2.load(mapping.host)
        continue
      }
      const { length } = mapping
      if (kind !== kinds.zero && options?.fast === true) throw notFast()
      if (kind !== kinds.zero) await writeZeroBytes(this.#writer, at, length, options)
      at += length
    }
  }
}
