import { setUint64 } from './big-endian.ts'
import type { Image } from './image.ts'
import { compressedBit, compressedLength, compressedOffset, copiedBit, offsetOf } from './l2-entry.ts'
import type { Slice } from './table-cache.ts'

/** Changes entries of L2 tables. Whoever does has claimed the clusters, and the table is the image's own. */
export class L2Writes {
  readonly #image: Image

  constructor(image: Image) {
    this.#image = image
  }

  /** The piece of table with the entry of a guest cluster, loaded if need be; good until the next wait. */
  async slice(guest: number): Promise<Slice> {
    const { mapping, l2 } = this.#image
    for (;;) {
      const slice = mapping.sliceOf(guest)
      if (slice !== undefined) return slice
      await l2.load(mapping.entryOffset(guest))
    }
  }

  /** Lets an entry refer to a cluster that nobody else refers to, all of it data. With subclusters, see `setBits()`. */
  refer(slice: Slice, at: number, host: number): void {
    setUint64(slice.view, at, host)
    slice.view.setUint32(at, (slice.view.getUint32(at) | copiedBit) >>> 0)
    this.#image.l2.markDirty(slice, at, at + 8)
  }

  /** Sets both words of an entry. */
  set(slice: Slice, at: number, high: number, low: number): void {
    slice.view.setUint32(at, high >>> 0)
    slice.view.setUint32(at + 4, low >>> 0)
    this.#image.l2.markDirty(slice, at, at + 8)
  }

  /** Sets which subclusters read as zeroes, and which are data. */
  setBits(slice: Slice, at: number, zero: number, allocated: number): void {
    slice.view.setUint32(at + 8, zero >>> 0)
    slice.view.setUint32(at + 12, allocated >>> 0)
    this.#image.l2.markDirty(slice, at, at + 16)
  }

  /**
   * Gives up what an entry refers to; the entry itself is the caller's.
   *
   * @param discard - the storage may have the space back
   */
  giveUp(slice: Slice, at: number, discard = false): void {
    const { geometry, quarantine, externalData } = this.#image
    if (externalData) return
    const high = slice.view.getUint32(at)
    const low = slice.view.getUint32(at + 4)
    if ((high & compressedBit) !== 0) {
      const offset = compressedOffset(high, low, geometry.clusterBits)
      const end = offset + compressedLength(high, low, geometry.clusterBits)
      const first = Math.floor(offset / geometry.clusterSize)
      quarantine.add({ first, count: Math.ceil(end / geometry.clusterSize) - first, discard })
      return
    }
    const host = offsetOf(high, low)
    if (host !== 0) quarantine.add({ first: host / geometry.clusterSize, count: 1, discard })
  }
}

/** The bits of subclusters from `begin` to before `end`. */
export function subclusterBits(begin: number, end: number): number {
  return ((end >= 32 ? 0xffff_ffff : 2 ** end - 1) & ~(2 ** begin - 1)) >>> 0
}
