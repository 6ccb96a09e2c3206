import type { CheckOptions, CheckResult } from '../../driver.ts'
import { getUint64, viewOf } from './big-endian.ts'
import { autoclear } from './features.ts'
import type { Image } from './image.ts'
import { decodeL1 } from './l1-table.ts'
import { compressedBit, compressedLength, compressedOffset, copiedBit, isAligned, offsetOf } from './l2-entry.ts'
import { refcountWidth } from './refcount-width.ts'
import { notLoaded } from './refcounts.ts'
import { References } from './references.ts'
import { dropLeaks, rebuildCounts } from './repair.ts'

/**
 * Walks over all tables of an image and compares what is counted with what is used; mends it if that is wanted. The
 * tables in memory are those in the file, and nobody uses the image meanwhile.
 *
 * @throws {BlockError} if the image cannot be read or written; kind `invalid`, if it is too large
 */
export async function checkImage(image: Image, options: CheckOptions): Promise<CheckResult> {
  const { repair } = options
  const found = await examine(image, options)
  const { corruptions, leaks } = found.result
  if (repair === undefined || (corruptions === 0 && leaks === 0)) return found.result
  if (repair === 'all') await rebuildCounts(image, found.references)
  else await dropLeaks(image, found)
  const { report, ...silent } = options
  const { result } = await examine(image, silent)
  return {
    ...result,
    corruptionsFixed: Math.max(0, corruptions - result.corruptions),
    leaksFixed: Math.max(0, leaks - result.leaks),
  }
}

async function examine(image: Image, options: CheckOptions): Promise<Checker> {
  const checker = new Checker(image, options)
  await checker.count()
  await checker.compare()
  await checker.checkOwnership()
  return checker
}

/** Tables are read so much at a time. */
const readSize = 2 ** 20

/** What refers to what: found by walking over every table. */
export class Checker {
  readonly references: References
  readonly #image: Image
  readonly #options: CheckOptions
  #corruptions = 0
  #leaks = 0
  #allocated = 0
  #compressed = 0
  #fragmented = 0
  #end = 0
  /** Counts in the file that are not the number of references. */
  readonly #differences = new Map<number, number>()

  constructor(image: Image, options: CheckOptions) {
    this.#image = image
    this.#options = options
    this.references = new References(Math.ceil(image.file.length / image.geometry.clusterSize))
  }

  /** Counts all references. Nothing may change the image meanwhile. @throws {BlockError} if it cannot be read */
  async count(): Promise<void> {
    const { header, l1, refcounts, geometry, snapshots, encryption } = this.#image
    const { clusterSize } = geometry
    this.#refer(0, clusterSize)
    const tables = new Map<number, { active: boolean; times: number }>()
    this.#collectTables(tables, l1.encode(), true)
    this.#refer(l1.offset, l1.length * 8)
    for (const snapshot of snapshots.entries) {
      this.#refer(snapshot.l1Offset, snapshot.l1Size * 8)
      this.#collectTables(tables, await this.#read(snapshot.l1Offset, snapshot.l1Size * 8), false)
    }
    for (const [offset, { active, times }] of tables) await this.#countTable(offset, times, active)
    if (header.snapshotCount > 0) this.#refer(header.snapshotsOffset, snapshots.tableLength)
    this.#refer(refcounts.tableOffset, refcounts.tableClusters * clusterSize)
    const luks = encryption?.luks?.place
    if (luks !== undefined) this.#refer(luks.offset, luks.length)
    await this.#countBitmaps()
    for (const [index, block] of refcounts.blocks.entries()) {
      if (block === 0) continue
      if (block % clusterSize !== 0) {
        this.#fault(`ERROR refcount block ${index} is not cluster aligned; refcount table entry corrupted`)
      } else if (block >= this.references.clusters * clusterSize) {
        this.#fault(`ERROR refcount block ${index} is outside image`)
      } else {
        this.#refer(block, clusterSize)
        const count = this.references.get(block / clusterSize)
        if (count !== 1) this.#fault(`ERROR refcount block ${index} refcount=${count}`)
      }
    }
  }

  /** Compares the counts in the file with the references. */
  async compare(): Promise<void> {
    const { refcounts, geometry } = this.#image
    const { refcountsPerBlock, clusterSize } = geometry
    const { repair } = this.#options
    const width = refcountWidth(geometry.refcountBits)
    let highest = this.references.highest
    for (const [index, block] of refcounts.blocks.entries()) {
      const first = index * refcountsPerBlock
      if (first >= this.references.clusters) break
      if (block === 0 && this.references.isBlank(first) && refcountsPerBlock <= 65536) continue
      const usable = block !== 0 && block % clusterSize === 0
      const view = viewOf(usable ? await this.#read(block, clusterSize) : new Uint8Array(clusterSize))
      const end = Math.min(first + refcountsPerBlock, this.references.clusters)
      for (let cluster = first; cluster < end; cluster++) {
        const counted = width.get(view, cluster - first)
        const used = this.references.get(cluster)
        if (counted > 0 && cluster > highest) highest = cluster
        if (counted === used) continue
        this.#differences.set(cluster, counted)
        const repairs = repair === 'all' || (repair === 'leaks' && counted > used)
        const word = repairs ? 'Repairing' : counted < used ? 'ERROR' : 'Leaked'
        this.#tell(`${word} cluster ${cluster} refcount=${counted} reference=${used}`)
        if (counted < used) this.#corruptions++
        else this.#leaks++
      }
    }
    const covered = refcounts.blocks.length * refcountsPerBlock
    for (let cluster = covered; cluster <= this.references.highest; cluster++) {
      const used = this.references.get(cluster)
      if (used === 0) continue
      this.#differences.set(cluster, 0)
      this.#tell(`${repair === 'all' ? 'Repairing' : 'ERROR'} cluster ${cluster} refcount=0 reference=${used}`)
      this.#corruptions++
    }
    this.#end = (highest + 1) * clusterSize
  }

  /** Looks whether the active tables say rightly of each cluster if it is theirs alone. */
  async checkOwnership(): Promise<void> {
    const references = this.references
    const differences = this.#differences.size === 0 ? undefined : this.#differences
    const counts = (cluster: number): number => differences?.get(cluster) ?? references.get(cluster)
    const word = this.#options.repair === 'all' ? 'Repairing' : 'ERROR'
    const { l1, geometry, externalData } = this.#image
    const { clusterSize, l2EntrySize } = geometry
    for (let index = 0; index < l1.length; index++) {
      const table = l1.rawTableAt(index)
      if (table === 0 || table % clusterSize !== 0 || table >= this.#image.file.length) continue
      const count = counts(table / clusterSize)
      if ((count === 1) !== l1.isCopied(index)) {
        const entry = hex(viewOf(l1.encode(index, index + 1)).getBigUint64(0))
        this.#fault(`${word} OFLAG_COPIED L2 cluster: l1_index=${index} l1_entry=${entry} refcount=${count}`)
      }
      const view = viewOf(await this.#read(table, clusterSize))
      for (let at = 0; at < clusterSize; at += l2EntrySize) {
        const high = view.getUint32(at)
        const host = offsetOf(high, view.getUint32(at + 4))
        if ((high & compressedBit) !== 0 || (host === 0 && (high & copiedBit) === 0)) continue
        const cluster = Math.floor(host / clusterSize)
        const dataCount = externalData
          ? 1
          : cluster < references.clusters
            ? counts(cluster)
            : await this.#stored(cluster)
        if ((dataCount === 1) === ((high & copiedBit) !== 0)) continue
        this.#fault(`${word} OFLAG_COPIED data cluster: l2_entry=${hex(view.getBigUint64(at))} refcount=${dataCount}`)
      }
    }
  }

  /** The count in the file of a cluster behind its end. */
  async #stored(cluster: number): Promise<number> {
    const { refcounts } = this.#image
    for (;;) {
      const count = refcounts.peek(cluster)
      if (count !== notLoaded) return count
      await refcounts.cache.load(refcounts.missing)
    }
  }

  /** Counts in the file that are not the number of references, by cluster. */
  get differences(): ReadonlyMap<number, number> {
    return this.#differences
  }

  get result(): CheckResult {
    const { header, geometry } = this.#image
    return {
      corruptions: this.#corruptions,
      leaks: this.#leaks,
      corruptionsFixed: 0,
      leaksFixed: 0,
      checkErrors: 0,
      totalClusters: Math.ceil(header.size / geometry.clusterSize),
      allocatedClusters: this.#allocated,
      compressedClusters: this.#compressed,
      fragmentedClusters: this.#fragmented,
      imageEndOffset: this.#end,
    }
  }

  /** Tables that several entries refer to are looked at once: what they refer to counts for each. */
  #collectTables(tables: Map<number, { active: boolean; times: number }>, bytes: Uint8Array, active: boolean): void {
    for (const offset of decodeL1(bytes).offsets) {
      if (offset === 0) continue
      this.#refer(offset, this.#image.geometry.clusterSize)
      const known = tables.get(offset)
      if (known !== undefined) known.times++
      else tables.set(offset, { active, times: 1 })
    }
  }

  async #countTable(offset: number, times: number, active: boolean): Promise<void> {
    const { geometry, externalData } = this.#image
    const { clusterSize, clusterBits, l2EntrySize } = geometry
    if (offset % clusterSize !== 0) {
      this.#fault(`ERROR l2_offset=${hex(offset)}: Table is not cluster aligned; L1 entry corrupted`)
      return
    }
    if (offset >= this.#image.file.length) return
    const view = viewOf(await this.#read(offset, clusterSize))
    const { references } = this
    const { clusters } = references
    let following = 0
    for (let at = 0; at < clusterSize; at += l2EntrySize) {
      const high = view.getUint32(at)
      const low = view.getUint32(at + 4)
      if (high === 0 && (low & 0xffff_fe00) === 0) continue
      if ((high & compressedBit) !== 0) {
        this.#refer(compressedOffset(high, low, clusterBits), compressedLength(high, low, clusterBits), times)
        if (!active) continue
        this.#allocated++
        this.#compressed++
        this.#fragmented++
        continue
      }
      const host = offsetOf(high, low)
      if (host === 0 && (high & copiedBit) === 0) continue
      if (!isAligned(low, clusterSize)) {
        this.#fault(`ERROR offset=${hex(host)}: Cluster is not properly aligned; L2 entry corrupted.`)
        continue
      }
      if (active) {
        this.#allocated++
        if (following !== 0 && host !== following) this.#fragmented++
        following = host + clusterSize
      }
      if (externalData) continue
      const cluster = host / clusterSize
      if (cluster < clusters) references.add(cluster, times)
      else this.#refer(host, clusterSize, times)
    }
  }

  /** The directory of bitmaps and the tables that it names, if the image says that they are up to date. */
  async #countBitmaps(): Promise<void> {
    const { header, extensions, geometry } = this.#image
    const extension = extensions.others.find(({ type }) => type === 0x23852875)
    if (extension === undefined || extension.data.byteLength < 24 || (header.autoclear & autoclear.bitmaps) === 0n)
      return
    const count = viewOf(extension.data).getUint32(0)
    const size = getUint64(viewOf(extension.data), 8)
    const offset = getUint64(viewOf(extension.data), 16)
    if (count > 65535 || size > 64 * 2 ** 20) {
      this.#fault('ERROR: the directory of bitmaps is too large')
      return
    }
    this.#refer(offset, size)
    const view = viewOf(await this.#read(offset, size))
    for (let index = 0, at = 0; index < count && at + 24 <= size; index++) {
      const tableOffset = getUint64(view, at)
      const entries = view.getUint32(at + 8)
      at += Math.ceil((24 + view.getUint16(at + 18) + view.getUint32(at + 20)) / 8) * 8
      if (entries > 8 * 2 ** 20) {
        this.#fault('ERROR: the table of a bitmap is too large')
        continue
      }
      this.#refer(tableOffset, entries * 8)
      const table = viewOf(await this.#read(tableOffset, entries * 8))
      for (let entry = 0; entry < entries; entry++) {
        const cluster = getUint64(table, entry * 8) % 2 ** 56
        if (cluster >= 512) this.#refer(cluster - (cluster % 512), geometry.clusterSize)
      }
    }
  }

  /** Counts references to every cluster that a range touches. */
  #refer(offset: number, length: number, times = 1): void {
    if (length === 0) return
    const { clusterSize } = this.#image.geometry
    const first = Math.floor(offset / clusterSize)
    const end = Math.ceil((offset + length) / clusterSize)
    if (end > this.references.clusters) {
      this.#fault(
        `ERROR: counting reference for region exceeding the end of the file by one cluster or more: ` +
          `offset 0x${hex(offset)} size 0x${hex(length)}`,
      )
      return
    }
    for (let cluster = first; cluster < end; cluster++) this.references.add(cluster, times)
  }

  /** What lies behind the end of the file reads as zeroes. */
  async #read(offset: number, length: number): Promise<Uint8Array> {
    const { file } = this.#image
    this.#options.signal?.throwIfAborted()
    const bytes = new Uint8Array(length)
    const available = Math.max(0, Math.min(length, file.length - offset))
    for (let at = 0; at < available; at += readSize) {
      await file.readInto(offset + at, bytes.subarray(at, Math.min(available, at + readSize)), this.#options)
    }
    return bytes
  }

  #fault(text: string): void {
    this.#corruptions++
    this.#tell(text)
  }

  #tell(text: string): void {
    this.#options.report?.(text)
  }
}

function hex(value: number | bigint): string {
  return value.toString(16)
}
