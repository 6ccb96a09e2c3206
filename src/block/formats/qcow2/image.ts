import { BlockError } from '../../block-error.ts'
import type { DebugEvent } from '../../graph/debug-events.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { NamedChild } from '../../open/driver.ts'
import { type ByteStore, EncryptedBytes } from '../luks/encrypted-bytes.ts'
import { bitmapsExtensionOf, parseBitmapsExtension } from './bitmap-directory.ts'
import { largestL1 } from './create.ts'
import type { ImageEncryption } from './encryption.ts'
import type { Extensions } from './extensions.ts'
import { autoclear, compatible, incompatible } from './features.ts'
import type { Geometry } from './geometry.ts'
import { checkNotCorrupt, encodeFields, encodeHeader, type Header, type headerFields } from './header.ts'
import type { L1Table } from './l1-table.ts'
import { readL1, readRefcountTable, readSnapshotTable } from './load-tables.ts'
import { Mapping } from './mapping.ts'
import { type MetadataKind, MetadataMap, type MetadataRange } from './metadata-map.ts'
import { Quarantine } from './quarantine.ts'
import type { Start } from './read-start.ts'
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
  /** Tables that no write may hit. */
  readonly guarded: ReadonlySet<MetadataKind>
}

/** What `rewriteHeader()` changes. */
export interface HeaderChanges {
  readonly header?: Partial<Header>
  readonly extensions?: Extensions
  readonly backingFilename?: string | undefined
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
  #lazy: boolean
  #wasLazy: boolean
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
    this.#wasLazy = this.#lazy
    this.header = header
    this.extensions = parts.extensions
    this.backingFilename = parts.backingFilename
    this.geometry = geometry
    this.l1 = l1
    this.l2 = l2
    this.refcounts = refcounts
    this.mapping = new Mapping(l1, l2, { geometry, version: header.version, zeroIsOffset: this.externalData })
    this.metadata = new MetadataMap(geometry.clusterSize, parts.guarded, () => this.#tables())
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

  /** Whether they may have lagged behind at some time since it was opened. */
  get hasBeenLazy(): boolean {
    return this.#wasLazy && this.header.version === 3
  }

  /** Options that hold from now on. @returns what takes that back */
  useOptions({ lazyRefcounts, guarded }: Pick<ImageParts, 'lazyRefcounts' | 'guarded'>): () => void {
    const wasLazy = this.#lazy
    this.#lazy = lazyRefcounts ?? (this.header.compatible & compatible.lazyRefcounts) !== 0n
    this.#wasLazy ||= this.#lazy
    const unguard = this.metadata.guard(guarded)
    return () => {
      this.#lazy = wasLazy
      unguard()
    }
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
    // A data file that is a raw image has everything, and nothing shows through it.
    if (backing !== undefined && this.rawData) {
      throw new BlockError('unsupported', 'Invalid argument', { code: 'EINVAL' })
    }
    await this.rewriteHeader({ extensions, backingFilename: backing?.filename })
  }

  /** Writes the first cluster anew, what is not said as it was; no table waits to be written. @throws {BlockError}; then nothing has changed */
  async rewriteHeader(changes: HeaderChanges): Promise<void> {
    const { l1, refcounts } = this
    const header = {
      ...this.header,
      // Tables that have moved are named in the file already.
      l1Size: l1.length,
      l1Offset: l1.offset,
      refcountTableOffset: refcounts.tableOffset,
      refcountTableClusters: refcounts.tableClusters,
      ...changes.header,
    }
    const { extensions = this.extensions } = changes
    const backingFilename = 'backingFilename' in changes ? changes.backingFilename : this.backingFilename
    await this.file.write(0, encodeHeader(header, { extensions, backingFilename }), { grow: true })
    await this.file.flush()
    this.header = header
    this.extensions = extensions
    this.backingFilename = backingFilename
  }

  /** Writes something to clusters of its own, in a row. @returns where it is; 0 for nothing @throws {BlockError} */
  async store(bytes: Uint8Array): Promise<number> {
    if (bytes.byteLength === 0) return 0
    const { clusterSize } = this.geometry
    const clusters = Math.ceil(bytes.byteLength / clusterSize)
    const offset = (await this.allocate(clusters)) * clusterSize
    this.takeUntouched(offset, clusters * clusterSize)
    await this.file.write(offset, bytes, { grow: true })
    return offset
  }

  /** Nothing refers to the clusters of a range any more, from the next time on that the tables are written. */
  giveBack(offset: number, length: number): void {
    const { clusterSize } = this.geometry
    const first = Math.floor(offset / clusterSize)
    this.quarantine.add({ first, count: Math.ceil((offset + length) / clusterSize) - first })
  }

  /** Takes the tables anew from the file, which somebody has changed; nothing waits to be written. @throws {BlockError} */
  async reload(): Promise<void> {
    const { file, header } = this
    this.l1.replace(header.l1Offset, await readL1(file, header))
    this.l2.clear()
    this.refcounts.replace(await readRefcountTable(file, header, this.geometry))
    this.snapshots = await readSnapshotTable(file, header)
    this.compressedEnd = 0
    this.metadata.reset()
  }

  /**
   * Takes everything anew from the file, which somebody else has written.
   *
   * @throws {BlockError} kind `corrupt`, if its clusters are of another kind now, or its tables are damaged
   */
  async reopen({ header, extensions, backingFilename }: Start): Promise<void> {
    const { clusterBits, refcountOrder, version } = this.header
    if (header.clusterBits !== clusterBits || header.refcountOrder !== refcountOrder || header.version !== version)
      throw new BlockError('corrupt', 'Another image has taken the place of this one')
    checkNotCorrupt(header)
    this.header = header
    this.extensions = extensions
    this.backingFilename = backingFilename
    await this.reload()
    this.#untouched = Math.ceil(this.file.length / this.geometry.clusterSize) * this.geometry.clusterSize
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
      // A table that says it is larger is damaged.
      yield { offset: l1Offset, length: Math.min(l1Size * 8, largestL1), kind: 'inactive L1 table' }
    }
    for (const offset of refcounts.blocks)
      if (offset !== 0) yield { offset, length: clusterSize, kind: 'refcount block' }
    const bitmaps = bitmapsExtensionOf(this.extensions)
    if (bitmaps !== undefined && (header.autoclear & autoclear.bitmaps) !== 0n) {
      const { offset, size } = parseBitmapsExtension(bitmaps, clusterSize)
      yield { offset, length: size, kind: 'bitmap directory' }
    }
    for (let index = 0; index < l1.length; index++) {
      const offset = l1.rawTableAt(index)
      if (offset !== 0) yield { offset, length: clusterSize, kind: 'active L2 table' }
    }
  }
}
