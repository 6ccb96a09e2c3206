import type { DebugEvent } from '../../debug-events.ts'
import type { NamedChild } from '../../driver.ts'
import type { BlockNode } from '../../node.ts'
import { type ByteStore, EncryptedBytes } from '../luks/encrypted-bytes.ts'
import type { ImageEncryption } from './encryption.ts'
import type { Extensions } from './extensions.ts'
import { autoclear, compatible, incompatible } from './features.ts'
import type { Geometry } from './geometry.ts'
import { encodeFields, encodeHeader, type Header, type headerFields } from './header.ts'
import type { L1Table } from './l1-table.ts'
import { Mapping } from './mapping.ts'
import { MetadataMap, type MetadataRange } from './metadata-map.ts'
import { Quarantine } from './quarantine.ts'
import { notLoaded, type Refcounts } from './refcounts.ts'
import type { SnapshotEntry } from './snapshot-table.ts'
import type { TableCache } from './table-cache.ts'
import { Writeback } from './writeback.ts'

export interface ImageParts {
  readonly file: BlockNode
  readonly dataFile: BlockNode | undefined
  /** What LUKS has to say, if the guest's bytes are encrypted. */
  readonly encryption: ImageEncryption | undefined
  readonly backing: BlockNode | undefined
  readonly header: Header
  readonly extensions: Extensions
  readonly backingFilename: string | undefined
  readonly geometry: Geometry
  readonly l1: L1Table
  readonly l2: TableCache
  readonly refcounts: Refcounts
  readonly snapshots: SnapshotTable
  /** Undefined: as the image says. */
  readonly lazyRefcounts: boolean | undefined
}

/** The internal snapshots, and the bytes that their table takes. */
export interface SnapshotTable {
  readonly entries: readonly SnapshotEntry[]
  readonly tableLength: number
}

/** An open image: its tables in memory, and the nodes that hold the rest. */
export class Image {
  file: BlockNode
  /** Where the guest's bytes are as they are stored: the data file, if the image has one. */
  storage: BlockNode
  /** The guest's bytes where they are, decrypted. */
  data: ByteStore
  readonly encryption: ImageEncryption | undefined
  readonly externalData: boolean
  readonly geometry: Geometry
  readonly l1: L1Table
  readonly l2: TableCache
  readonly refcounts: Refcounts
  readonly mapping: Mapping
  readonly quarantine = new Quarantine()
  readonly metadata: MetadataMap
  readonly writeback: Writeback
  header: Header
  extensions: Extensions
  backingFilename: string | undefined
  backing: BlockNode | undefined
  snapshots: SnapshotTable
  readonly #lazy: boolean
  /** Where the last compressed cluster ends, in a cluster that has room for more; else 0. */
  compressedEnd = 0
  /** What lies from here on has never been written: the file reads as zeroes there. */
  #untouched: number

  constructor(parts: ImageParts) {
    const { file, dataFile, header, geometry, l1, l2, refcounts } = parts
    this.file = file
    this.storage = dataFile ?? file
    this.encryption = parts.encryption
    this.data = this.#decrypted()
    this.externalData = dataFile !== undefined
    this.backing = parts.backing
    this.snapshots = parts.snapshots
    this.#lazy = parts.lazyRefcounts ?? (header.compatible & compatible.lazyRefcounts) !== 0n
    this.header = header
    this.extensions = parts.extensions
    this.backingFilename = parts.backingFilename
    this.geometry = geometry
    this.l1 = l1
    this.l2 = l2
    this.refcounts = refcounts
    this.mapping = new Mapping(l1, l2, { geometry, version: header.version, zeroIsOffset: this.externalData })
    this.metadata = new MetadataMap(geometry.clusterSize, () => this.#tables())
    refcounts.onTaken = (offset, length, kind) => {
      this.metadata.checkWrite(offset, length)
      this.metadata.add({ offset, length, kind })
    }
    this.writeback = new Writeback({
      file,
      data: this.storage,
      geometry,
      l1,
      l2,
      refcounts,
      quarantine: this.quarantine,
      freed: (cluster) => this.#freed(cluster),
      lazy: () => this.lazyRefcounts,
      beforeLazy: () => this.markDirty(),
    })
    this.#untouched = Math.ceil(file.length / geometry.clusterSize) * geometry.clusterSize
  }

  /** Tells a filter for tests below of a step whose request comes next. */
  tell(event: DebugEvent): void {
    this.file.driver.debugEvent?.(event)
  }

  /** Another node has what the file had, and nothing waits to be written. */
  useFile(file: BlockNode): void {
    this.file = file
    if (!this.externalData) this.storage = file
    this.data = this.#decrypted()
    this.writeback.useFiles({ file, data: this.storage })
    for (const cache of [this.l2, this.refcounts.cache]) cache.useFile(file)
  }

  #decrypted(): ByteStore {
    if (this.encryption === undefined) return this.storage
    return new EncryptedBytes(this.storage, this.encryption.cipher, { byGuest: this.encryption.luks === undefined })
  }

  /** Whether reference counts may lag behind: a crash makes the image dirty, and the next who opens it counts anew. */
  get lazyRefcounts(): boolean {
    return this.#lazy && this.header.version === 3
  }

  /** Whether the data file alone is a raw image of what the guest sees. */
  get rawData(): boolean {
    return this.externalData && (this.header.autoclear & autoclear.rawData) !== 0n
  }

  get dirty(): boolean {
    return (this.header.incompatible & incompatible.dirty) !== 0n
  }

  /** Says in the file that reference counts may be wrong, before they are. @throws {BlockError} */
  async markDirty(): Promise<void> {
    if (this.dirty) return
    await this.changeHeader({ incompatible: this.header.incompatible | incompatible.dirty })
    await this.file.flush()
  }

  /** Says in the file that reference counts are right, and nothing is damaged: they have reached the disk. */
  async markClean(): Promise<void> {
    const clean = this.header.incompatible & ~(incompatible.dirty | incompatible.corrupt)
    if (clean === this.header.incompatible) return
    await this.file.flush()
    await this.changeHeader({ incompatible: clean })
  }

  /**
   * Takes clusters of the file without waiting.
   *
   * @returns how many; the first is `refcounts.allocated`. `notLoaded`, if `refcounts.cache.load()` must come first
   * @throws {BlockError} kinds `no-space` and `corrupt`
   */
  tryAllocate(clusters: number): number {
    this.tell('cluster_alloc')
    const count = this.refcounts.tryAllocate(clusters)
    if (count !== notLoaded) this.#checkAllocated(this.refcounts.allocated, count)
    return count
  }

  /** As `tryAllocate()`, and loads what is missing. @returns the first of the clusters, all in a row */
  async allocate(clusters: number): Promise<number> {
    if (clusters > 1) {
      this.tell('cluster_alloc')
      const first = this.refcounts.allocateRow(clusters)
      this.#checkAllocated(first, clusters)
      return first
    }
    for (;;) {
      if (this.tryAllocate(1) !== notLoaded) return this.refcounts.allocated
      await this.refcounts.cache.load(this.refcounts.missing)
    }
  }

  /** Changes the header, in memory and in the file: what is not among `headerFields` stays. @throws {BlockError} */
  async changeHeader(changes: Partial<Pick<Header, keyof typeof headerFields>>): Promise<void> {
    const bytes = encodeFields(changes)
    for (const { offset, value } of bytes) await this.file.write(offset, value)
    this.header = { ...this.header, ...changes }
  }

  /** Writes the first cluster anew, with another name of the backing file or none. @throws {BlockError} */
  async nameBacking(backing: NamedChild | undefined): Promise<void> {
    const extensions = { ...this.extensions, backingFormat: backing?.format }
    const { filename } = backing ?? {}
    const bytes = encodeHeader(this.header, { extensions, backingFilename: filename })
    await this.file.write(0, bytes, { grow: true })
    await this.file.flush()
    this.extensions = extensions
    this.backingFilename = filename
  }

  /** Whether clusters that have just been allocated read as zeroes, because nobody has ever written there. */
  takeUntouched(offset: number, length: number): boolean {
    const untouched = offset >= this.#untouched && offset >= this.file.length
    this.#untouched = Math.max(this.#untouched, offset + length)
    return untouched && this.encryption === undefined
  }

  #freed(cluster: number): void {
    const { clusterSize } = this.geometry
    this.l2.forget(cluster * clusterSize, clusterSize)
    this.metadata.delete(cluster)
    if (Math.floor(this.compressedEnd / clusterSize) === cluster) this.compressedEnd = 0
  }

  /** Counts that say of a table that it is free are damaged. */
  #checkAllocated(first: number, count: number): void {
    const { clusterSize } = this.geometry
    this.metadata.checkWrite(first * clusterSize, count * clusterSize)
  }

  *#tables(): Generator<MetadataRange> {
    const { clusterSize } = this.geometry
    const { l1, refcounts, header, snapshots } = this
    yield { offset: 0, length: clusterSize, kind: 'qcow2_header' }
    yield { offset: l1.offset, length: l1.length * 8, kind: 'active L1 table' }
    yield { offset: refcounts.tableOffset, length: refcounts.tableClusters * clusterSize, kind: 'refcount table' }
    if (this.encryption?.luks !== undefined) {
      yield { ...this.encryption.luks.place, kind: 'encryption header' }
    }
    yield { offset: header.snapshotsOffset, length: snapshots.tableLength, kind: 'snapshot table' }
    for (const { l1Offset, l1Size } of snapshots.entries) {
      yield { offset: l1Offset, length: l1Size * 8, kind: 'inactive L1 table' }
    }
    for (const offset of refcounts.blocks)
      if (offset !== 0) yield { offset, length: clusterSize, kind: 'refcount block' }
    for (let index = 0; index < l1.length; index++) {
      const offset = l1.rawTableAt(index)
      if (offset !== 0) yield { offset, length: clusterSize, kind: 'active L2 table' }
    }
  }
}
