import { getUint64 } from './big-endian.ts'
import type { Geometry } from './geometry.ts'
import { damaged, hexadecimal } from './header.ts'
import type { L1Table } from './l1-table.ts'
import {
  compressedBit,
  compressedLength,
  compressedOffset,
  copiedBit,
  isAligned,
  offsetOf,
  zeroBit,
} from './l2-entry.ts'
import type { Slice, TableCache } from './table-cache.ts'

/** What a run of guest bytes is. Small integers: they are compared for every request. */
export const kinds = {
  /** The table that tells is not in memory: `cache.load(mapping.host)` must come first. */
  notLoaded: 0,
  /** What the backing file shows; zeroes, if there is none. */
  unallocated: 1,
  zero: 2,
  data: 3,
  compressed: 4,
} as const

export type Kind = (typeof kinds)[keyof typeof kinds]

/**
 * Finds out where guest bytes are, without waiting and without making objects: the answer stands in the fields until
 * the next question.
 */
export class Mapping {
  readonly #l1: L1Table
  readonly #l2: TableCache
  readonly #geometry: Geometry
  readonly #version: 2 | 3
  /** With an external data file a cluster may lie at offset 0. */
  readonly #zeroIsOffset: boolean
  kind: Kind = kinds.notLoaded
  /** Guest bytes of the run, from the offset that was asked for. */
  length = 0
  /** The file's offset of the first byte: of data, or of deflated bytes; 0 where there is no cluster. */
  host = 0
  /** Bytes of a compressed cluster. */
  compressedLength = 0
  /** There is a cluster, and nobody else refers to it. */
  owned = false

  constructor(
    l1: L1Table,
    l2: TableCache,
    { geometry, version, zeroIsOffset }: { geometry: Geometry; version: 2 | 3; zeroIsOffset: boolean },
  ) {
    this.#l1 = l1
    this.#l2 = l2
    this.#geometry = geometry
    this.#version = version
    this.#zeroIsOffset = zeroIsOffset
  }

  /**
   * Looks a run up: guest bytes from `offset` on, `limit` or fewer, of one kind and in a row.
   *
   * @throws {BlockError} kind `corrupt`
   */
  lookUp(offset: number, limit: number): Kind {
    const { l2Reach, clusterSize, l2EntrySize } = this.#geometry
    // Not by `%`: of numbers beyond 32 bits that takes as long as all the rest.
    const l1Index = Math.floor(offset / l2Reach)
    const table = this.#l1.tableAt(l1Index)
    this.host = 0
    this.owned = false
    if (table === 0) {
      this.length = Math.min(limit, (l1Index + 1) * l2Reach - offset)
      return (this.kind = kinds.unallocated)
    }
    const at = table + Math.floor((offset - l1Index * l2Reach) / clusterSize) * l2EntrySize
    const slice = this.#l2.get(at)
    if (slice === undefined) {
      this.host = at
      return (this.kind = kinds.notLoaded)
    }
    this.kind =
      l2EntrySize === 8
        ? this.#plainRun(slice, at - slice.offset, offset, limit)
        : this.#subclusterRun(slice, at - slice.offset, offset, limit)
    return this.kind
  }

  /** The entry of the cluster that holds a guest byte, for who changes it; undefined, if it is not in memory. */
  sliceOf(offset: number): Slice | undefined {
    return this.#l2.get(this.entryOffset(offset))
  }

  /** Where the entry of the cluster that holds a guest byte is in the file. There must be a table. */
  entryOffset(offset: number): number {
    const { l2Reach, clusterSize, l2EntrySize } = this.#geometry
    const table = this.#l1.tableAt(Math.floor(offset / l2Reach))
    return table + Math.floor((offset % l2Reach) / clusterSize) * l2EntrySize
  }

  #plainRun(slice: Slice, begin: number, offset: number, limit: number): Kind {
    const { clusterSize } = this.#geometry
    const { view } = slice
    const inCluster = offset - Math.floor(offset / clusterSize) * clusterSize
    const high = view.getUint32(begin)
    const low = view.getUint32(begin + 4)
    this.length = Math.min(limit, clusterSize - inCluster)
    if ((high & compressedBit) !== 0) return this.#compressed(high, low)
    const kind = this.#kindOf(high, low)
    const cluster = offsetOf(high, low)
    if (kind === kinds.zero && this.#version === 2) {
      throw damaged(`Zero cluster entry found in pre-v3 image ${this.#where(slice, begin)}`)
    }
    if (!isAligned(low, clusterSize)) {
      throw damaged(`Cluster allocation offset 0x${cluster.toString(16)} unaligned ${this.#where(slice, begin)}`)
    }
    const located = kind === kinds.data || cluster !== 0
    const owned = located && (high & copiedBit) !== 0
    this.owned = owned
    this.host = kind === kinds.data ? cluster + inCluster : cluster
    let next = cluster
    for (let at = begin + 8; this.length < limit && at < slice.bytes.byteLength; at += 8) {
      const nextHigh = view.getUint32(at)
      const nextLow = view.getUint32(at + 4)
      if (located) next += clusterSize
      if ((nextHigh & compressedBit) !== 0 || this.#kindOf(nextHigh, nextLow) !== kind) break
      if (offsetOf(nextHigh, nextLow) !== next || (located && (nextHigh & copiedBit) !== 0) !== owned) break
      this.length = Math.min(limit, this.length + clusterSize)
    }
    return kind
  }

  #kindOf(high: number, low: number): typeof kinds.unallocated | typeof kinds.zero | typeof kinds.data {
    if ((low & zeroBit) !== 0) return kinds.zero
    if ((high & 0x00ff_ffff) === 0 && (low & 0xffff_fe00) === 0) {
      return this.#zeroIsOffset && (high & copiedBit) !== 0 ? kinds.data : kinds.unallocated
    }
    return kinds.data
  }

  #compressed(high: number, low: number): Kind {
    const { clusterBits } = this.#geometry
    this.host = compressedOffset(high, low, clusterBits)
    this.compressedLength = compressedLength(high, low, clusterBits)
    return kinds.compressed
  }

  /** As `#plainRun()`, for clusters whose parts may be of different kinds. */
  #subclusterRun(slice: Slice, begin: number, offset: number, limit: number): Kind {
    const { clusterSize, subclusterSize } = this.#geometry
    const { view } = slice
    const inCluster = offset % clusterSize
    const high = view.getUint32(begin)
    if ((high & compressedBit) !== 0) {
      this.length = Math.min(limit, clusterSize - inCluster)
      return this.#compressed(high, view.getUint32(begin + 4))
    }
    const kind = this.#kindOfSubcluster(slice, begin, Math.floor(inCluster / subclusterSize))
    const cluster = offsetOf(high, view.getUint32(begin + 4))
    const located = cluster !== 0 || (this.#zeroIsOffset && (high & copiedBit) !== 0)
    const owned = located && (high & copiedBit) !== 0
    this.owned = owned
    this.host = kind === kinds.data ? cluster + inCluster : cluster
    this.length = Math.min(limit, subclusterSize - (inCluster % subclusterSize))
    let at = begin
    let expected = cluster
    while (this.length < limit) {
      const position = inCluster + this.length - ((at - begin) / 16) * clusterSize
      if (position === clusterSize) {
        at += 16
        if (at >= slice.bytes.byteLength) break
        const nextHigh = view.getUint32(at)
        if (located) expected += clusterSize
        if ((nextHigh & compressedBit) !== 0 || offsetOf(nextHigh, view.getUint32(at + 4)) !== expected) break
        if (((nextHigh & copiedBit) !== 0) !== ((high & copiedBit) !== 0)) break
        if (this.#kindOfSubcluster(slice, at, 0) !== kind) break
      } else if (this.#kindOfSubcluster(slice, at, Math.floor(position / subclusterSize)) !== kind) break
      this.length = Math.min(limit, this.length + subclusterSize)
    }
    return kind
  }

  #kindOfSubcluster(
    slice: Slice,
    at: number,
    subcluster: number,
  ): typeof kinds.unallocated | typeof kinds.zero | typeof kinds.data {
    const { clusterSize } = this.#geometry
    const bit = 2 ** subcluster
    const zero = (slice.view.getUint32(at + 8) & bit) !== 0
    const allocated = (slice.view.getUint32(at + 12) & bit) !== 0
    const high = slice.view.getUint32(at)
    const cluster = offsetOf(high, slice.view.getUint32(at + 4))
    const located = cluster !== 0 || (this.#zeroIsOffset && (high & copiedBit) !== 0)
    if (cluster % clusterSize !== 0) {
      throw damaged(`Cluster allocation offset 0x${cluster.toString(16)} unaligned ${this.#where(slice, at)}`)
    }
    if ((zero && allocated) || (allocated && !located)) {
      const bitmap = getUint64(slice.view, at + 8).toString(16)
      throw damaged(`Invalid cluster entry found  ${this.#where(slice, at)}: bitmap 0x${bitmap}`)
    }
    if (zero) return kinds.zero
    return allocated ? kinds.data : kinds.unallocated
  }

  #where(slice: Slice, at: number): string {
    const { clusterSize, l2EntrySize } = this.#geometry
    const entry = slice.offset + at
    const table = entry - (entry % clusterSize)
    return `(L2 offset: 0x${table.toString(16)}, L2 index: ${hexadecimal((entry - table) / l2EntrySize)})`
  }
}
