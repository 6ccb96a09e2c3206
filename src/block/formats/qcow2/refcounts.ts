import { strerror } from '../../../errno/index.ts'
import { BlockError } from '../../block-error.ts'
import { setUint64, viewOf } from './big-endian.ts'
import type { Geometry } from './geometry.ts'
import { damaged } from './header.ts'
import { type RefcountWidth, refcountWidth } from './refcount-width.ts'
import type { Slice, TableCache } from './table-cache.ts'

/** Refcount tables larger than this are refused. */
export const largestRefcountTable = 8 * 2 ** 20

/** What `tryAllocate()` says when it has to look at a piece that is not in memory. */
export const notLoaded = -1

/** Clusters of a table that has moved away. */
export interface OldTable {
  readonly offset: number
  readonly clusters: number
}

/** What of the table waits to be written: entries, or everything if it has moved. */
export interface DirtyTable {
  readonly entries: readonly number[]
  readonly old: readonly OldTable[]
}

/**
 * Counts the references to each cluster of the file, and finds free ones (qcow2 spec, "Host cluster management").
 * Everything happens in memory, without waiting; `Writeback` brings it into the file in the right order.
 */
export class Refcounts {
  readonly width: RefcountWidth
  readonly cache: TableCache
  readonly #geometry: Geometry
  readonly #countsPerSlice: number
  /** Offsets of the blocks; 0 where there is none, and every count is zero. */
  #blocks: Float64Array
  #tableOffset: number
  #tableClusters: number
  #dirtyEntries = new Set<number>()
  #old: OldTable[] = []
  /** No cluster below is free. */
  #firstFree = 0
  /** Hears of clusters before the counts take them for themselves, and may refuse them. */
  onTaken: (offset: number, length: number, kind: 'refcount table' | 'refcount block') => void = () => undefined
  /** Where a look-up stopped because a piece was missing. */
  missing = 0

  constructor(
    geometry: Geometry,
    cache: TableCache,
    { offset, clusters, blocks }: { offset: number; clusters: number; blocks: Float64Array },
  ) {
    this.#geometry = geometry
    this.cache = cache
    this.width = refcountWidth(geometry.refcountBits)
    this.#countsPerSlice = (geometry.sliceSize * 8) / geometry.refcountBits
    this.#tableOffset = offset
    this.#tableClusters = clusters
    this.#blocks = blocks
  }

  get tableOffset(): number {
    return this.#tableOffset
  }

  get tableClusters(): number {
    return this.#tableClusters
  }

  get blocks(): Float64Array {
    return this.#blocks
  }

  /** Whether the table itself waits to be written. */
  get tableDirty(): boolean {
    return this.#dirtyEntries.size > 0 || this.#old.length > 0
  }

  /** A cluster's count; `notLoaded`, if `cache.load(missing)` must come first. */
  peek(cluster: number): number {
    const slice = this.#sliceOf(cluster)
    if (slice === undefined) return 0
    if (slice === notLoaded) return notLoaded
    return this.width.get(slice.view, cluster % this.#countsPerSlice)
  }

  /**
   * Adds to a cluster's count.
   *
   * @returns the new count; `notLoaded`, if `cache.load(missing)` must come first
   * @throws {BlockError} kind `corrupt`, if the count would be negative; `invalid`, if it would be too large
   */
  tryAdd(cluster: number, delta: number): number {
    const slice = this.#sliceOf(cluster)
    if (slice === notLoaded) return notLoaded
    const index = cluster % this.#countsPerSlice
    const count = (slice === undefined ? 0 : this.width.get(slice.view, index)) + delta
    if (count < 0 || slice === undefined) throw damaged(`Cluster ${cluster} is in use, but nothing counts it`)
    if (count > this.width.largest) throw new BlockError('invalid', strerror('EINVAL'), { code: 'EINVAL' })
    this.#set(slice, index, count)
    if (count === 0 && cluster < this.#firstFree) this.#firstFree = cluster
    return count
  }

  /**
   * Takes free clusters that follow each other: the first that are free, `wanted` or fewer.
   *
   * @returns how many; the first is `allocated`. `notLoaded`, if `cache.load(missing)` must come first
   * @throws {BlockError} kind `no-space`, if the image cannot grow
   */
  tryAllocate(wanted: number): number {
    let start = this.#firstFree
    for (;;) {
      const count = this.peek(start)
      if (count === notLoaded) return notLoaded
      if (count === 0) {
        if (this.#blockOf(start) !== 0) break
        this.#cover(start)
        continue
      }
      start++
      this.#firstFree = start
    }
    let count = 0
    while (count < wanted && this.#blockOf(start + count) !== 0) {
      const slice = this.#sliceOf(start + count)
      if (slice === notLoaded) {
        if (count === 0) return notLoaded
        break
      }
      const index = (start + count) % this.#countsPerSlice
      if (this.width.get(slice!.view, index) !== 0) break
      this.#set(slice!, index, 1)
      count++
    }
    this.allocated = start
    this.#firstFree = start + count
    return count
  }

  /** Where the clusters are that `tryAllocate()` took. */
  allocated = 0

  /**
   * Takes so many clusters in a row behind everything that is in use: for tables.
   *
   * @throws {BlockError} kind `no-space`, if the image cannot grow
   */
  allocateRow(clusters: number): number {
    return this.#extend(clusters)
  }

  /** Has the table let go of a block that counts nothing but, perhaps, itself. */
  dropBlock(index: number): void {
    const { clusterSize, refcountsPerBlock } = this.#geometry
    this.cache.forget(this.#blocks[index]!, clusterSize)
    this.#blocks[index] = 0
    this.#dirtyEntries.add(index)
    this.#firstFree = Math.min(this.#firstFree, index * refcountsPerBlock)
  }

  /** Becomes other counts, which stand in the file already. */
  replace({ offset, clusters, blocks }: { offset: number; clusters: number; blocks: Float64Array }): void {
    this.#tableOffset = offset
    this.#tableClusters = clusters
    this.#blocks = blocks
    this.#dirtyEntries.clear()
    this.#old = []
    this.#firstFree = 0
    this.cache.clear()
  }

  /** The table as it stands in the file, from entry `first` on. */
  encode(first = 0, count = this.#blocks.length - first): Uint8Array {
    const bytes = new Uint8Array(count * 8)
    const view = viewOf(bytes)
    for (let index = 0; index < count; index++) setUint64(view, index * 8, this.#blocks[first + index]!)
    return bytes
  }

  /** Entries of the table that wait to be written; they count as written from now on. */
  takeDirtyTable(): DirtyTable {
    const taken = { entries: [...this.#dirtyEntries], old: this.#old }
    this.#dirtyEntries = new Set()
    this.#old = []
    return taken
  }

  restoreDirtyTable({ entries, old }: DirtyTable): void {
    for (const entry of entries) this.#dirtyEntries.add(entry)
    this.#old.unshift(...old)
  }

  /** The offset of the block that counts a cluster; 0, if there is none. */
  #blockOf(cluster: number): number {
    return this.#blocks[Math.floor(cluster / this.#geometry.refcountsPerBlock)] ?? 0
  }

  /** Undefined, if there is no block. */
  #sliceOf(cluster: number): Slice | undefined | typeof notLoaded {
    const { refcountsPerBlock, clusterSize, sliceSize } = this.#geometry
    const block = this.#blockOf(cluster)
    if (block === 0) return undefined
    if (block % clusterSize !== 0) throw damaged(`Refblock offset 0x${block.toString(16)} unaligned`)
    const offset = block + Math.floor((cluster % refcountsPerBlock) / this.#countsPerSlice) * sliceSize
    const slice = this.cache.get(offset)
    if (slice !== undefined) return slice
    this.missing = offset
    return notLoaded
  }

  #set(slice: Slice, index: number, count: number): void {
    this.width.set(slice.view, index, count)
    const at = Math.floor((index * this.#geometry.refcountBits) / 8)
    this.cache.markDirty(slice, at, at + Math.ceil(this.#geometry.refcountBits / 8))
  }

  /** Makes the block that counts a free cluster, and puts it at the beginning of the range that it counts. */
  #cover(cluster: number): void {
    const index = Math.floor(cluster / this.#geometry.refcountsPerBlock)
    if (index >= this.#blocks.length) {
      this.#extend(0)
      return
    }
    const first = index * this.#geometry.refcountsPerBlock
    this.#addBlock(index, first)
    this.#markUsed(first)
  }

  #addBlock(index: number, cluster: number): void {
    const offset = cluster * this.#geometry.clusterSize
    this.onTaken(offset, this.#geometry.clusterSize, 'refcount block')
    this.#blocks[index] = offset
    this.#dirtyEntries.add(index)
    this.cache.create(offset, this.#geometry.clusterSize)
  }

  #markUsed(cluster: number): void {
    const slice = this.#sliceOf(cluster)
    if (slice === undefined || slice === notLoaded) throw new Error('a new block of reference counts is not in memory')
    this.#set(slice, cluster % this.#countsPerSlice, 1)
  }

  /**
   * Makes blocks behind the last one, in a row with `clusters` clusters that they count, and a larger table if this one
   * has no room for them.
   *
   * @returns the first of those clusters
   */
  #extend(clusters: number): number {
    const { refcountsPerBlock, clusterSize } = this.#geometry
    let firstBlock = this.#blocks.length
    while (firstBlock > 0 && this.#blocks[firstBlock - 1] === 0) firstBlock--
    let blocks = 1
    let tableClusters = 0
    for (;;) {
      const neededBlocks = Math.ceil((blocks + clusters + tableClusters) / refcountsPerBlock)
      const entries = firstBlock + Math.max(blocks, neededBlocks)
      const fits = entries <= this.#blocks.length
      const neededTable = fits
        ? 0
        : Math.ceil((Math.max(entries, Math.ceil(this.#blocks.length * 1.5)) * 8) / clusterSize)
      if (neededBlocks <= blocks && neededTable <= tableClusters) break
      blocks = Math.max(blocks, neededBlocks)
      tableClusters = Math.max(tableClusters, neededTable)
    }
    const start = firstBlock * refcountsPerBlock
    if (tableClusters > 0) this.#moveTable(start + blocks + clusters, tableClusters)
    for (let index = 0; index < blocks; index++) this.#addBlock(firstBlock + index, start + index)
    for (let index = 0; index < blocks + clusters + tableClusters; index++) this.#markUsed(start + index)
    return start + blocks
  }

  #moveTable(cluster: number, clusters: number): void {
    const { clusterSize } = this.#geometry
    if (clusters * clusterSize > largestRefcountTable) throw new BlockError('no-space', 'The image cannot grow further')
    this.onTaken(cluster * clusterSize, clusters * clusterSize, 'refcount table')
    this.#old.push({ offset: this.#tableOffset, clusters: this.#tableClusters })
    const blocks = new Float64Array((clusters * clusterSize) / 8)
    blocks.set(this.#blocks)
    this.#blocks = blocks
    this.#tableOffset = cluster * clusterSize
    this.#tableClusters = clusters
  }
}
