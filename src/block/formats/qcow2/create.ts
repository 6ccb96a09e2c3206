import { BlockError } from '../../block-error.ts'
import { lengthen, type Preallocation } from '../../create/preallocation.ts'
import type { BlockNode } from '../../graph/node.ts'
import { largestLength } from '../../largest-length.ts'
import type { NamedChild } from '../../open/driver.ts'
import { writeLuks } from '../luks/create.ts'
import { setUint64, viewOf } from './big-endian.ts'
import type { EncryptionPlan } from './create-encryption.ts'
import { cryptMethods, encodeCryptExtension } from './encryption.ts'
import { noExtensions } from './extensions.ts'
import { autoclear, compatible, incompatible } from './features.ts'
import { type Geometry, geometryOf, l1EntriesFor } from './geometry.ts'
import { compressionTypes, encodeHeader } from './header.ts'
import { copiedBit } from './l2-entry.ts'
import { refcountWidth } from './refcount-width.ts'

export interface Qcow2CreateOptions {
  /** Guest bytes, a multiple of 512. */
  readonly size: number
  /** Default: 3, which QEMU calls compat 1.1. */
  readonly version?: 2 | 3
  /** A power of two from 512 to 2 MiB. Default: 65536. */
  readonly clusterSize?: number
  /** Bits of a reference count: a power of two up to 64. Default: 16. */
  readonly refcountBits?: number
  readonly lazyRefcounts?: boolean
  /** Clusters of 32 parts: less is copied when a backing file shows through. */
  readonly extendedL2?: boolean
  /** How clusters are compressed that are written so. Default: deflate, which QEMU calls zlib. */
  readonly compression?: 'deflate' | 'zstd'
  /**
   * `metadata`: every cluster has its place from the beginning; `falloc` and `full`: and zeroes are written there, so
   * that the space is taken. Default: clusters get a place when they are written.
   */
  readonly preallocation?: Preallocation
  /** What shows where nothing is written: as it will stand in the image, relative to it. */
  readonly backing?: NamedChild
  /** Where the guest's bytes go; everything else stays in the image. `raw`: that file alone is a raw image. */
  readonly dataFile?: { readonly filename: string; readonly raw?: boolean }
  /** What the guest writes is encrypted. */
  readonly encryption?: EncryptionPlan | undefined
}

/** Bytes of an L1 table: more is refused. */
export const largestL1 = 32 * 2 ** 20
export const defaultClusterSize = 65536

/**
 * Looks whether there can be such an image.
 *
 * @param size - guest bytes, however many
 * @returns what makes it, empty, in a node that the caller writes and resizes
 * @throws {BlockError} kind `invalid`, in QEMU's words
 */
export function planQcow2(
  options: Qcow2CreateOptions,
  size = BigInt(options.size),
): (file: BlockNode) => Promise<void> {
  const geometry = checkedGeometry(options, size)
  const layout = layOut(options, geometry)
  const header = encodeStart(options, geometry, layout)
  const { preallocation = 'off', encryption } = options
  return async (file) => {
    await inWords('Could not write qcow2 header', () => writeImage(file, geometry, layout, { header, encryption }))
    // What is in a file of its own has been taken there.
    if (preallocation === 'off' || preallocation === 'metadata' || options.dataFile !== undefined) return
    const what = 'Could not resize image: Failed to resize underlying file'
    if (file.length > layout.length) throw invalid(`${what}: Cannot use preallocation for shrinking files`)
    await file.truncate(layout.dataOffset)
    await inWords(what, () => lengthen(file, layout.length, preallocation))
  }
}

async function inWords(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (!(cause instanceof BlockError) || cause.context.code === undefined) throw cause
    throw new BlockError(cause.kind, `${what}: ${cause.message}`, cause.context, { cause })
  }
}

async function writeImage(
  file: BlockNode,
  geometry: Geometry,
  layout: Layout,
  { header, encryption }: { readonly header: Uint8Array; readonly encryption: EncryptionPlan | undefined },
): Promise<void> {
  const { clusterSize } = geometry
  // What is there already stays as long as it is: a part of a disk, say, has no other length.
  if (file.length > 0) await file.writeZeroes(0, Math.min(file.length, Math.ceil(layout.length / 512) * 512))
  // A file ends where its L1 table does, if nothing follows it: amid a sector.
  const table1 = layout.l1Cluster * clusterSize
  const end = layout.length % 512 === 0 ? layout.length : table1
  if (file.length < end) await file.truncate(end)
  if (layout.length % 512 !== 0) await file.write(table1, new Uint8Array(layout.l1Entries * 8), { grow: true })
  const { table, blocks } = encodeCounts(layout, geometry)
  await file.write(clusterSize, table, { grow: true })
  await file.write((1 + layout.tableClusters) * clusterSize, blocks, { grow: true })
  if (encryption?.luks !== undefined) {
    await writeLuks(file, layout.cryptOffset, encryption.luks, encryption.password)
  }
  if (layout.l2Tables > 0) await writeMap(file, geometry, layout)
  // The header comes last: what is not complete is no image.
  await file.write(0, header, { grow: true })
}

/** Gives every guest cluster its place. Subclusters stay unallocated in it: what is behind them shows. */
async function writeMap(file: BlockNode, geometry: Geometry, layout: Layout): Promise<void> {
  const { clusterSize, l2EntrySize, l2Entries } = geometry
  const l1 = new Uint8Array(layout.l2Tables * 8)
  for (let index = 0; index < layout.l2Tables; index++) {
    const offset = (layout.l2Cluster + index) * clusterSize
    setOwned(viewOf(l1), index * 8, offset)
    const table = new Uint8Array(clusterSize)
    const count = Math.min(l2Entries, layout.guestClusters - index * l2Entries)
    for (let entry = 0; entry < count; entry++) {
      setOwned(viewOf(table), entry * l2EntrySize, layout.dataOffset + (index * l2Entries + entry) * clusterSize)
    }
    await file.write(offset, table, { grow: true })
  }
  await file.write(layout.l1Cluster * clusterSize, l1, { grow: true })
}

/** A reference that says that it is the only one. */
function setOwned(view: DataView, at: number, offset: number): void {
  setUint64(view, at, offset)
  view.setUint32(at, (view.getUint32(at) | copiedBit) >>> 0)
}

/** The first cluster. @throws {BlockError} kind `invalid`, if the names are too long for it */
function encodeStart(options: Qcow2CreateOptions, geometry: Geometry, layout: Layout): Uint8Array {
  const { size, version = 3, backing, dataFile, compression = 'deflate', encryption } = options
  const { clusterSize, clusterBits, refcountBits } = geometry
  return encodeHeader(
    {
      version,
      backingOffset: 0,
      backingLength: 0,
      clusterBits,
      size,
      cryptMethod: encryption === undefined ? 0 : encryption.luks === undefined ? cryptMethods.aes : cryptMethods.luks,
      l1Size: layout.l1Entries,
      l1Offset: layout.l1Entries === 0 ? 0 : layout.l1Cluster * clusterSize,
      refcountTableOffset: clusterSize,
      refcountTableClusters: layout.tableClusters,
      snapshotCount: 0,
      snapshotsOffset: 0,
      incompatible:
        (options.extendedL2 === true ? incompatible.extendedL2 : 0n) |
        (dataFile === undefined ? 0n : incompatible.dataFile) |
        (compression === 'zstd' ? incompatible.compressionType : 0n),
      compatible: options.lazyRefcounts === true ? compatible.lazyRefcounts : 0n,
      autoclear: dataFile?.raw === true ? autoclear.rawData : 0n,
      refcountOrder: Math.log2(refcountBits),
      headerLength: 0,
      compressionType: compressionTypes[compression],
      unknownFields: new Uint8Array(0),
    },
    {
      extensions: {
        ...noExtensions,
        backingFormat: backing?.format,
        dataFile: dataFile?.filename,
        others:
          encryption?.luks === undefined ? [] : [encodeCryptExtension(layout.cryptOffset, encryption.luks.length)],
      },
      backingFilename: backing?.filename,
    },
  )
}

/** How the image will be divided. @throws {BlockError} kind `invalid`, in QEMU's words, if there can be none */
export function checkedGeometry(options: Qcow2CreateOptions, size = BigInt(options.size)): Geometry {
  const { clusterSize = defaultClusterSize, refcountBits = 16, extendedL2 = false, backing } = options
  if (size % 512n !== 0n) throw invalid('Image size must be a multiple of 512 bytes')
  const since11 = 'compatibility level 1.1 and above (use version=v3 or greater)'
  needsVersion3(options, extendedL2, `Extended L2 entries are only supported with ${since11}`)
  if (!isPowerOfTwo(clusterSize) || clusterSize < 512 || clusterSize > 2 ** 21) {
    throw invalid('Cluster size must be a power of two between 512 and 2048k')
  }
  if (extendedL2 && clusterSize < 16384) {
    throw invalid('Extended L2 entries are only supported with cluster sizes of at least 16384 bytes')
  }
  if ((options.preallocation ?? 'off') !== 'off' && !extendedL2 && backing !== undefined) {
    throw invalid('Backing file and preallocation can only be used at the same time if extended_l2 is on')
  }
  needsVersion3(options, options.lazyRefcounts, `Lazy refcounts only supported with ${since11}`)
  if (!isPowerOfTwo(refcountBits) || refcountBits > 64) {
    throw invalid('Refcount width must be a power of two and may not exceed 64 bits')
  }
  const orAbove = 'require compatibility level 1.1 or above (use version=v3 or greater)'
  needsVersion3(options, refcountBits !== 16, `Different refcount widths than 16 bits ${orAbove}`)
  if (options.dataFile?.raw === true && backing !== undefined) {
    throw invalid('Backing file and data-file-raw cannot be used at the same time')
  }
  needsVersion3(options, options.dataFile !== undefined, `External data files are only supported with ${since11}`)
  const zstd = options.compression === 'zstd'
  needsVersion3(options, zstd, `Non-zlib compression type is only supported with ${since11}`)
  const geometry = geometryOf(Math.log2(clusterSize), Math.log2(refcountBits), extendedL2)
  checkSize(size, geometry)
  return geometry
}

/** Whether a disk can be as long, and the map of an image. @throws {BlockError} kind `invalid` */
function checkSize(size: bigint, geometry: Geometry): void {
  const what = 'Could not resize image'
  if (size < 0n || size >= 2n ** 63n) throw invalid(`${what}: Image size cannot be negative`)
  if (size > largestLength) throw invalid(`${what}: offset(${size}) exceeds maximum(${largestLength})`)
  if (l1EntriesFor(Number(size), geometry) * 8 <= largestL1) return
  const text = `${what}: Failed to grow the L1 table: File too large`
  throw new BlockError('invalid', text, { code: 'EFBIG' })
}

/** @throws {BlockError} kind `invalid`, if version 2 lacks what is wanted */
function needsVersion3({ version }: Qcow2CreateOptions, wanted: boolean | undefined, complaint: string): void {
  if (version === 2 && wanted === true) throw invalid(complaint)
}

/** Header, reference counts, L1 table, and L2 tables and data if they have their places already, one behind the other. */
interface Layout {
  readonly tableClusters: number
  readonly blockCount: number
  readonly l1Cluster: number
  readonly l1Clusters: number
  readonly l1Entries: number
  /** Where the header of LUKS is, if there is one. */
  readonly cryptOffset: number
  readonly l2Cluster: number
  /** None, if clusters get their places when they are written. */
  readonly l2Tables: number
  readonly guestClusters: number
  readonly dataOffset: number
  /** Clusters in use. */
  readonly used: number
  /** Bytes of the file. */
  readonly length: number
}

function layOut(options: Qcow2CreateOptions, geometry: Geometry): Layout {
  const { size, preallocation, dataFile, encryption } = options
  const { clusterSize, refcountsPerBlock } = geometry
  const l1Entries = l1EntriesFor(size, geometry)
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterSize)
  // A data file that is a raw image is all data.
  const mapped = (preallocation ?? 'off') !== 'off' || dataFile?.raw === true
  const l2Tables = mapped ? l1EntriesFor(size, geometry) : 0
  const guestClusters = Math.ceil(size / clusterSize)
  const dataClusters = mapped && dataFile === undefined ? guestClusters : 0
  const cryptClusters = Math.ceil((encryption?.luks?.length ?? 0) / clusterSize)
  let tableClusters = 1
  let blockCount = 1
  for (;;) {
    const used = 1 + tableClusters + blockCount + l1Clusters + cryptClusters + l2Tables + dataClusters
    const neededBlocks = Math.ceil(used / refcountsPerBlock)
    const neededTable = Math.ceil((neededBlocks * 8) / clusterSize)
    if (neededBlocks <= blockCount && neededTable <= tableClusters) break
    blockCount = Math.max(blockCount, neededBlocks)
    tableClusters = Math.max(tableClusters, neededTable)
  }
  const l1Cluster = 1 + tableClusters + blockCount
  const cryptCluster = l1Cluster + l1Clusters
  const l2Cluster = cryptCluster + cryptClusters
  const dataCluster = l2Cluster + l2Tables
  const used = dataCluster + dataClusters
  return {
    tableClusters,
    blockCount,
    l1Cluster,
    l1Clusters,
    l1Entries,
    cryptOffset: cryptCluster * clusterSize,
    l2Cluster,
    l2Tables,
    guestClusters,
    dataOffset: dataFile === undefined ? dataCluster * clusterSize : 0,
    used,
    length: l2Tables > 0 || cryptClusters > 0 ? used * clusterSize : l1Cluster * clusterSize + l1Entries * 8,
  }
}

/** Every cluster in use is counted once. */
function encodeCounts({ tableClusters, blockCount, used }: Layout, { clusterSize, refcountBits }: Geometry) {
  const table = new Uint8Array(tableClusters * clusterSize)
  for (let index = 0; index < blockCount; index++) {
    setUint64(viewOf(table), index * 8, (1 + tableClusters + index) * clusterSize)
  }
  const blocks = new Uint8Array(blockCount * clusterSize)
  const width = refcountWidth(refcountBits)
  const view = viewOf(blocks)
  // Blocks follow each other, so counts do too.
  for (let cluster = 0; cluster < used; cluster++) width.set(view, cluster, 1)
  return { table, blocks }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && Number.isInteger(Math.log2(value))
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
