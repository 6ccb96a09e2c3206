import { viewOf } from '../big-endian.ts'
import {
  type BitmapEntry,
  bitmapsExtensionType,
  parseBitmapsExtension,
  parseDirectory,
  readBitmapCluster,
} from '../bitmap-directory.ts'
import { largestL1 } from '../create.ts'
import { autoclear } from '../features.ts'
import { hexadecimal } from '../header.ts'
import { compressedBit, compressedLength, compressedOffset, offsetOf } from '../l2-entry.ts'
import { refcountWidth } from '../refcount-width.ts'
import type { SnapshotEntry } from '../snapshot-table.ts'
import type { CheckedImage } from './checked-image.ts'
import { type Findings, hex } from './findings.ts'
import { L2Check } from './l2-check.ts'
import { type RefcountBlock, readRefcountBlocks } from './refcount-blocks.ts'
import { References } from './references.ts'
import type { CheckedSnapshots } from './snapshots.ts'

/** How many entries of L1 tables refer to an L2 table. */
export interface TableUse {
  times: number
  /** Those of the active table among them. */
  active: number
}

/** Bits of an entry of an L1 table, high word and low, that mean nothing. */
const reservedInL1 = { high: 0x7f00_0000, low: 0x1ff } as const

/** No file is so long: numbers of clusters are exact below. */
const farthest = 2 ** 61

/**
 * Finds out what refers to what, by a walk over every table.
 *
 * `references` are those that a count must be equal to. `touches` are clusters that an entry reaches besides, in a way
 * that does not count: it leads out of the file, or what it belongs to cannot be understood. They are nobody else's.
 */
export class ReferenceWalk {
  readonly references = new References()
  readonly touches = new References(1024)
  /** L2 tables, also where none can be. */
  readonly tables = new Map<number, TableUse>()
  /** How many L1 tables take a cluster. */
  readonly tops = new References(1024)
  /** What the table of reference counts names. */
  blocks: readonly RefcountBlock[] = []
  /** The active L1 table, as it is in the file. */
  l1 = new Uint8Array(0)
  /** Clusters of the file. */
  clusters: number
  readonly #image: CheckedImage
  readonly #snapshots: CheckedSnapshots
  readonly #findings: Findings
  readonly #largestCount: number
  readonly #l2: L2Check

  constructor(image: CheckedImage, snapshots: CheckedSnapshots, findings: Findings) {
    this.#image = image
    this.#snapshots = snapshots
    this.#findings = findings
    this.clusters = Math.ceil(image.file.length / image.geometry.clusterSize)
    this.#largestCount = refcountWidth(image.geometry.refcountBits).largest
    this.#l2 = new L2Check(image, this, findings)
  }

  /**
   * Nothing may change the image meanwhile.
   *
   * @param counts - whether the structure of the counts themselves is among what refers to clusters
   * @throws {BlockError} if it cannot be read
   */
  async run(counts: 'with counts' | 'without counts' = 'with counts'): Promise<void> {
    const { header, luks, externalData, geometry } = this.#image
    const { entries, tableLength } = this.#snapshots
    this.refer(0, geometry.clusterSize)
    this.l1 = await this.#countL1(header.l1Offset, header.l1Size, true)
    if (externalData && entries.length > 0) {
      this.#findings.fault(`ERROR ${entries.length} snapshots in image with data file`)
    }
    for (const snapshot of entries) await this.#countSnapshot(snapshot)
    for (const [offset, use] of this.tables) await this.#l2.count(offset, use)
    this.refer(header.snapshotsOffset, tableLength)
    if (counts === 'with counts') {
      this.refer(header.refcountTableOffset, header.refcountTableClusters * geometry.clusterSize)
    }
    if (luks !== undefined) this.refer(luks.offset, luks.length)
    await this.#countBitmaps()
    if (counts === 'with counts') await this.#countBlocks()
  }

  /** How often a cluster is referred to, as far as a count of the image's width can tell. */
  counted(cluster: number): number {
    return Math.min(this.references.get(cluster), this.#largestCount)
  }

  /** Whether any entry of any table reaches a cluster. */
  isTouched(cluster: number): boolean {
    return this.references.get(cluster) > 0 || this.touches.get(cluster) > 0
  }

  /** Whether a range belongs to one who has so many references to each of its clusters, and to nobody else. */
  isOnly(offset: number, length: number, times = 1): boolean {
    for (
      let cluster = this.#image.clusterOf(offset);
      cluster <= this.#image.clusterOf(offset + length - 1);
      cluster++
    ) {
      if (this.references.get(cluster) + this.touches.get(cluster) !== times) return false
    }
    return true
  }

  /** Whether a cluster belongs to L1 and L2 tables alone. */
  holdsTablesAlone(offset: number): boolean {
    const { clusterSize, subclusters } = this.#image.geometry
    const cluster = this.#image.clusterOf(offset)
    const tops = this.tops.get(cluster)
    const tables = this.tables.get(cluster * clusterSize)?.times ?? 0
    // Extended entries are twice as long: the same bytes are not entries of both.
    if (subclusters > 1 && tops > 0 && tables > 0) return false
    return this.references.get(cluster) + this.touches.get(cluster) === tops + tables
  }

  /** Counts references to every cluster that a range reaches. */
  refer(offset: number, length: number, times = 1): void {
    if (length === 0 || times === 0) return
    const { file, geometry } = this.#image
    if (offset + length - file.length >= geometry.clusterSize) {
      this.#findings.fault(
        `ERROR: counting reference for region exceeding the end of the file by one cluster or more: ` +
          `offset 0x${hex(offset)} size 0x${hex(length)}`,
        times,
      )
      this.touch(offset, length, times)
      return
    }
    const last = this.#image.clusterOf(offset + length - 1)
    for (let cluster = this.#image.clusterOf(offset); cluster <= last; cluster++) this.referCluster(cluster, times)
  }

  /** Counts references to a cluster that the file holds. */
  referCluster(cluster: number, times: number): void {
    if (cluster >= this.clusters) this.clusters = cluster + 1
    const count = this.references.add(cluster, times)
    if (count > this.#largestCount) this.#overflow(cluster, Math.min(times, count - this.#largestCount))
  }

  /** Notes that an entry reaches a range, though that does not count. */
  touch(offset: number, length: number, times = 1): void {
    if (offset >= farthest) return
    const last = this.#image.clusterOf(offset + length - 1)
    for (let cluster = this.#image.clusterOf(offset); cluster <= last; cluster++) this.touches.add(cluster, times)
  }

  /** Notes what the entries of an L2 table reach that an entry without sense leads to. */
  async #touchTable(offset: number): Promise<void> {
    const { file, geometry, externalData } = this.#image
    const { clusterSize, clusterBits, l2EntrySize } = geometry
    if (offset >= file.length || externalData) return
    const view = viewOf(await file.read(offset, clusterSize))
    for (let at = 0; at < clusterSize; at += l2EntrySize) {
      const high = view.getUint32(at)
      const low = view.getUint32(at + 4)
      if ((high & compressedBit) !== 0) {
        this.touch(compressedOffset(high, low, clusterBits), compressedLength(high, low, clusterBits))
      } else if (offsetOf(high, low) !== 0) this.touch(offsetOf(high, low), clusterSize)
    }
  }

  async #countSnapshot({ id, name, l1Offset, l1OffsetWord, l1Size }: SnapshotEntry): Promise<void> {
    const entry = `ERROR snapshot ${id} (${name})`
    if (l1OffsetWord % BigInt(this.#image.geometry.clusterSize) !== 0n) {
      this.#findings.fault(
        `${entry} l1_offset=${hexadecimal(l1OffsetWord)}: L1 table is not cluster aligned; snapshot table entry corrupted`,
      )
    } else if (l1Size * 8 > largestL1) {
      this.#findings.fault(
        `${entry} l1_size=${hexadecimal(l1Size)}: L1 table is too large; snapshot table entry corrupted`,
      )
    } else {
      await this.#countL1(l1Offset, l1Size, false)
      return
    }
    // Whatever stands there, it may be what is left of the snapshot.
    const bytes = Math.min(l1Size * 8, largestL1)
    if (bytes === 0) return
    this.touch(l1Offset, bytes)
    // Behind the end of the file there are no entries, and a table of garbage may tell of thousands of such tables.
    const there = Math.min(bytes, Math.max(0, this.#image.file.length - l1Offset))
    for (const { offset } of entriesOf(await this.#image.file.read(l1Offset, there - (there % 8)))) {
      if (offset === 0) continue
      this.touch(offset, this.#image.geometry.clusterSize)
      await this.#touchTable(offset)
    }
  }

  async #countL1(place: number, entries: number, active: boolean): Promise<Uint8Array<ArrayBuffer>> {
    const { file, geometry } = this.#image
    this.refer(place, entries * 8)
    for (let at = place; at < Math.min(place + entries * 8, file.length); at += geometry.clusterSize) {
      this.tops.add(this.#image.clusterOf(at), 1)
    }
    const bytes = new Uint8Array(await file.read(place, entries * 8))
    for (const { high, low, offset } of entriesOf(bytes)) {
      if ((high & reservedInL1.high) !== 0 || (low & reservedInL1.low) !== 0) {
        this.#findings.fault(`ERROR found L1 entry with reserved bits set: ${hex(word(high, low))}`)
        this.#findings.brokenEntries++
      }
      if (offset === 0) {
        // QEMU takes the header for the table; who reads the image takes it for none.
        if (low !== 0 || (high & reservedInL1.high) !== 0) continue
        this.#findings.fault(`ERROR l1_entry=${hex(word(high, low))}: Flags without a table; L1 entry corrupted`)
        this.#findings.brokenEntries++
        continue
      }
      this.refer(offset, geometry.clusterSize)
      if (offset % geometry.clusterSize !== 0) {
        this.#findings.fault(`ERROR l2_offset=${hex(offset)}: Table is not cluster aligned; L1 entry corrupted`)
        // What it leads to counts as if there were a table; the true one is perhaps where it begins with a cluster.
        await this.#touchTable(offset - (offset % geometry.clusterSize))
      }
      // A table that several entries refer to is looked at once: what it refers to counts for each.
      const use = this.tables.get(offset) ?? { times: 0, active: 0 }
      use.times++
      if (active) use.active++
      this.tables.set(offset, use)
    }
    return bytes
  }

  /** The directory of bitmaps and the tables that it names, if the image says that they are up to date. */
  async #countBitmaps(): Promise<void> {
    const { header, extensions, geometry, file } = this.#image
    const extension = extensions.others.find(({ type }) => type === bitmapsExtensionType)
    if (extension === undefined || (header.autoclear & autoclear.bitmaps) === 0n) return
    const { count, offset, size } = parseBitmapsExtension(extension.data, geometry.clusterSize)
    this.refer(offset, size)
    let entries: BitmapEntry[]
    try {
      const limits = { count, clusterSize: geometry.clusterSize, imageSize: header.size }
      entries = parseDirectory(await file.read(offset, size), limits)
    } catch (error) {
      this.#findings.fault(`ERROR: ${(error as Error).message}`)
      this.#findings.blind = true
      return
    }
    for (const { tableOffset, tableSize } of entries) {
      this.refer(tableOffset, tableSize * 8)
      const table = viewOf(await file.read(tableOffset, tableSize * 8))
      for (let at = 0; at < table.byteLength; at += 8) {
        const [high, low] = [table.getUint32(at), table.getUint32(at + 4)]
        const cluster = readBitmapCluster(high, low, geometry.clusterSize)
        if (cluster === 'invalid') {
          this.#findings.fault(`ERROR: a bitmap's table holds an entry without sense: ${hex(word(high, low))}`)
          this.touch(offsetOf(high, low), geometry.clusterSize)
        } else if (typeof cluster === 'number') this.refer(cluster, geometry.clusterSize)
      }
    }
  }

  async #countBlocks(): Promise<void> {
    const { geometry } = this.#image
    const findings = this.#findings
    this.blocks = await readRefcountBlocks(this.#image)
    for (const [index, block] of this.blocks.entries()) {
      const { offset } = block
      let fault: string | undefined
      if (block.reserved) fault = `ERROR refcount table entry ${index} has reserved bits set`
      else if (offset % geometry.clusterSize !== 0) {
        fault = `ERROR refcount block ${index} is not cluster aligned; refcount table entry corrupted`
      } else if (this.#image.clusterOf(offset) >= this.clusters) {
        fault = `ERROR refcount block ${index} is outside image`
      }
      if (fault !== undefined) {
        findings.fault(fault)
        findings.brokenCounts = true
        if (offset !== 0) this.touch(offset, geometry.clusterSize)
      } else if (offset !== 0) {
        this.refer(offset, geometry.clusterSize)
        const count = this.counted(this.#image.clusterOf(offset))
        if (count === 1) continue
        findings.fault(`ERROR refcount block ${index} refcount=${count}`)
        findings.brokenCounts = true
      }
    }
  }

  #overflow(cluster: number, times: number): void {
    const { clusterSize } = this.#image.geometry
    for (let time = 0; time < times; time++) {
      this.#findings.fault(`ERROR: overflow cluster offset=0x${hex(cluster * clusterSize)}`)
      this.#findings.tell(
        'Use qemu-img amend to increase the refcount entry width or qemu-img convert to create a clean copy if the ' +
          'image cannot be opened for writing',
      )
    }
  }
}

interface L1Entry {
  readonly high: number
  readonly low: number
  readonly offset: number
}

/** The entries of an L1 table that say anything. */
function* entriesOf(bytes: Uint8Array): Generator<L1Entry> {
  const view = viewOf(bytes)
  for (let at = 0; at + 8 <= bytes.byteLength; at += 8) {
    const high = view.getUint32(at)
    const low = view.getUint32(at + 4)
    if (high !== 0 || low !== 0) yield { high, low, offset: offsetOf(high, low) }
  }
}

/** Both words of an entry. */
function word(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}
