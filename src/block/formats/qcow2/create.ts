import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../node.ts'
import { setUint64, viewOf } from './big-endian.ts'
import { noExtensions } from './extensions.ts'
import { autoclear, compatible, incompatible } from './features.ts'
import { type Geometry, geometryOf, l1EntriesFor } from './geometry.ts'
import { compressionTypes, encodeHeader } from './header.ts'
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
  /** What shows where nothing is written: as it will stand in the image, relative to it. */
  readonly backing?: { readonly filename: string; readonly format?: string }
  /** Where the guest's bytes go; everything else stays in the image. `raw`: that file alone is a raw image. */
  readonly dataFile?: { readonly filename: string; readonly raw?: boolean }
}

const largestL1 = 32 * 2 ** 20

/**
 * Makes an empty image in a node that the caller writes and resizes.
 *
 * @throws {BlockError} kind `invalid`, in QEMU's words, if an image cannot be like that; as `BlockNode.write()`
 */
export async function createQcow2(file: BlockNode, options: Qcow2CreateOptions): Promise<void> {
  const geometry = checkedGeometry(options)
  const { size, version = 3, backing, dataFile } = options
  const layout = layOut(size, geometry)
  const { clusterSize } = geometry
  const header = encodeHeader(
    {
      version,
      backingOffset: 0,
      backingLength: 0,
      clusterBits: geometry.clusterBits,
      size,
      cryptMethod: 0,
      l1Size: layout.l1Entries,
      l1Offset: layout.l1Cluster * clusterSize,
      refcountTableOffset: clusterSize,
      refcountTableClusters: layout.tableClusters,
      snapshotCount: 0,
      snapshotsOffset: 0,
      incompatible:
        (options.extendedL2 === true ? incompatible.extendedL2 : 0n) |
        (dataFile === undefined ? 0n : incompatible.dataFile) |
        (options.compression === 'zstd' ? incompatible.compressionType : 0n),
      compatible: options.lazyRefcounts === true ? compatible.lazyRefcounts : 0n,
      autoclear: dataFile?.raw === true ? autoclear.rawData : 0n,
      refcountOrder: Math.log2(geometry.refcountBits),
      headerLength: 0,
      compressionType: options.compression === 'zstd' ? compressionTypes.zstd : compressionTypes.deflate,
    },
    {
      extensions: { ...noExtensions, backingFormat: backing?.format, dataFile: dataFile?.filename },
      backingFilename: backing?.filename,
    },
  )
  await file.truncate(0)
  await file.truncate(Math.ceil((layout.l1Cluster * clusterSize + layout.l1Entries * 8) / 512) * 512)
  await file.write(clusterSize, layout.table)
  await file.write((1 + layout.tableClusters) * clusterSize, layout.blocks, { grow: true })
  // The header comes last: what is not complete is no image.
  await file.write(0, header, { grow: true })
}

/** @throws {BlockError} kind `invalid` */
function checkedGeometry(options: Qcow2CreateOptions): Geometry {
  const { size, version = 3, clusterSize = 65536, refcountBits = 16, extendedL2 = false, backing } = options
  if (!isPowerOfTwo(clusterSize) || clusterSize < 512 || clusterSize > 2 ** 21) {
    throw invalid('Cluster size must be a power of two between 512 and 2048k')
  }
  if (!(size >= 0 && size % 512 === 0 && Number.isSafeInteger(size))) {
    throw invalid('Image size must be a multiple of 512 bytes')
  }
  if (!isPowerOfTwo(refcountBits) || refcountBits > 64) {
    throw invalid('Refcount width must be a power of two and may not exceed 64 bits')
  }
  if (version === 2) checkVersion2(options)
  if (extendedL2 && clusterSize < 16384) {
    throw invalid('Extended L2 entries are only supported with cluster sizes of at least 16384 bytes')
  }
  if (options.dataFile?.raw === true && backing !== undefined) {
    throw invalid('Backing file and data-file-raw cannot be used at the same time')
  }
  const geometry = geometryOf(Math.log2(clusterSize), Math.log2(refcountBits), extendedL2)
  if (l1EntriesFor(size, geometry) * 8 > largestL1) {
    throw invalid("The image size is too large for file format 'qcow2' (try using a larger cluster size)")
  }
  return geometry
}

/** What version 2 lacks. */
function checkVersion2({ refcountBits, lazyRefcounts, extendedL2, compression, dataFile }: Qcow2CreateOptions): void {
  const need = 'compatibility level 1.1 and above (use version=v3 or greater)'
  if (lazyRefcounts === true) throw invalid(`Lazy refcounts only supported with ${need}`)
  if (extendedL2 === true) throw invalid(`Extended L2 entries are only supported with ${need}`)
  if (dataFile !== undefined) throw invalid(`External data files are only supported with ${need}`)
  if (compression === 'zstd') throw invalid(`Non-zlib compression type is only supported with ${need}`)
  if (refcountBits !== undefined && refcountBits !== 16) {
    throw invalid(
      'Different refcount widths than 16 bits require compatibility level 1.1 or above (use version=v3 or greater)',
    )
  }
}

interface Layout {
  readonly tableClusters: number
  readonly l1Cluster: number
  readonly l1Entries: number
  readonly table: Uint8Array
  readonly blocks: Uint8Array
}

/** Header, reference counts and L1 table, one behind the other. */
function layOut(size: number, geometry: Geometry): Layout {
  const { clusterSize, refcountsPerBlock } = geometry
  // An image without bytes has a table too: QEMU makes it one entry long.
  const l1Entries = Math.max(1, l1EntriesFor(size, geometry))
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterSize)
  let tableClusters = 1
  let blockCount = 1
  for (;;) {
    const used = 1 + tableClusters + blockCount + l1Clusters
    const neededBlocks = Math.ceil(used / refcountsPerBlock)
    const neededTable = Math.ceil((neededBlocks * 8) / clusterSize)
    if (neededBlocks <= blockCount && neededTable <= tableClusters) break
    blockCount = Math.max(blockCount, neededBlocks)
    tableClusters = Math.max(tableClusters, neededTable)
  }
  const table = new Uint8Array(tableClusters * clusterSize)
  for (let index = 0; index < blockCount; index++) {
    setUint64(viewOf(table), index * 8, (1 + tableClusters + index) * clusterSize)
  }
  const blocks = new Uint8Array(blockCount * clusterSize)
  const width = refcountWidth(geometry.refcountBits)
  const l1Cluster = 1 + tableClusters + blockCount
  for (let cluster = 0; cluster < l1Cluster + l1Clusters; cluster++) {
    // Blocks follow each other, so counts do too.
    width.set(viewOf(blocks), cluster, 1)
  }
  return { tableClusters, l1Cluster, l1Entries, table, blocks }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && Number.isInteger(Math.log2(value))
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
