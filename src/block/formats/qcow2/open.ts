import { BlockError } from '../../block-error.ts'
import type { CreateRequest, FormatDefinition, FormatRequest, Maker } from '../../driver.ts'
import type { BlockNode } from '../../node.ts'
import { getUint64, viewOf } from './big-endian.ts'
import { largestL1, planQcow2 } from './create.ts'
import { readEncryption } from './create-encryption.ts'
import { readCreateOptions } from './create-options.ts'
import { openEncryption } from './encryption.ts'
import { type Extensions, parseExtensions } from './extensions.ts'
import { incompatible, knownIncompatible, unknownFeatures } from './features.ts'
import { type Geometry, geometryOf, l1EntriesFor } from './geometry.ts'
import {
  checkNotCorrupt,
  compressionTypes,
  damaged,
  type Header,
  headerStart,
  longestBackingFilename,
  parseHeader,
  unsupported,
} from './header.ts'
import { Image, type SnapshotTable } from './image.ts'
import { L1Table } from './l1-table.ts'
import { measureQcow2 } from './measure.ts'
import { readOptions } from './options.ts'
import { Qcow2Driver } from './qcow2-driver.ts'
import { largestRefcountTable, Refcounts } from './refcounts.ts'
import { readSnapshots } from './snapshot-table.ts'
import { TableCache } from './table-cache.ts'

/** QEMU's own format: images that grow as they are written, with backing files and snapshots. */
export const qcow2: FormatDefinition = {
  name: 'qcow2',
  compresses: true,

  async open(request: FormatRequest): Promise<Qcow2Driver> {
    const { file, readOnly, openChild } = request
    const options = readOptions(request.options)
    const start = await readHeader(file)
    const { header, extensions, backingFilename } = start
    checkFeatures(start, readOnly || request.forCheck)
    const geometry = geometryOf(
      header.clusterBits,
      header.refcountOrder,
      (header.incompatible & incompatible.extendedL2) !== 0n,
    )
    checkTables(header, geometry)
    const encryption = await openEncryption(request, start, options.encryption)
    const needsDataFile = (header.incompatible & incompatible.dataFile) !== 0n
    const dataFile = await openChild(
      'data-file',
      needsDataFile && extensions.dataFile !== undefined
        ? { filename: extensions.dataFile, format: undefined }
        : undefined,
    )
    if (needsDataFile && dataFile === undefined) {
      throw new BlockError('invalid', "'data-file' is required for this image", { option: 'data-file' })
    }
    if (!needsDataFile && dataFile !== undefined) {
      throw new BlockError('invalid', "'data-file' can only be set for images with an external data file", {
        option: 'data-file',
      })
    }
    const [l1, refcounts] = [await loadL1(file, header, geometry), await loadRefcounts(file, header, geometry)]
    const snapshots = await loadSnapshots(file, header)
    const backing = await openChild(
      'backing',
      backingFilename === undefined ? undefined : { filename: backingFilename, format: extensions.backingFormat },
    )
    const image = new Image({
      ...start,
      encryption,
      file,
      dataFile: dataFile?.node,
      backing: backing?.node,
      geometry,
      l1,
      refcounts,
      snapshots,
      lazyRefcounts: options.lazyRefcounts,
      l2: new TableCache(file, { sliceSize: geometry.sliceSize, bytes: options.l2CacheSize, loadEvent: 'l2_load' }),
    })
    return new Qcow2Driver(image, {
      needed: options.needed,
      backingOverridden: backing?.overridden ?? false,
      backingRefused: backing === undefined && backingFilename !== undefined,
      readOnly,
      forCheck: request.forCheck,
      reportDamage: request.reportDamage,
    })
  },

  async create(request: CreateRequest): Promise<Maker> {
    return planQcow2({ ...readCreateOptions(request), encryption: await readEncryption(request) })
  },

  measure: measureQcow2,
}

interface Start {
  readonly header: Header
  readonly extensions: Extensions
  readonly backingFilename: string | undefined
}

/** Reads the first cluster: the fields, the extensions, the name of the backing file. @throws {BlockError} */
async function readHeader(file: BlockNode): Promise<Start> {
  const clusterSize = 2 ** parseHeader(await readPadded(file, 0, headerStart)).clusterBits
  const cluster = await readPadded(file, 0, clusterSize)
  const header = parseHeader(cluster)
  const end = header.backingOffset === 0 ? clusterSize : header.backingOffset
  if (header.headerLength > end) throw damaged('Invalid backing file offset')
  const extensions = parseExtensions(cluster.subarray(header.headerLength, end))
  let backingFilename: string | undefined
  if (header.backingOffset !== 0) {
    const longest = Math.min(longestBackingFilename, clusterSize - header.backingOffset)
    if (header.backingLength > longest) throw damaged('Backing file name too long')
    const name = cluster.subarray(header.backingOffset, header.backingOffset + header.backingLength)
    if (name.byteLength > 0) backingFilename = new TextDecoder().decode(name)
  }
  return { header, extensions, backingFilename }
}

function checkFeatures({ header, extensions }: Start, readOnly: boolean): void {
  if ((header.incompatible & ~knownIncompatible) !== 0n) {
    const names = unknownFeatures(header.incompatible, extensions.featureNames)
    throw unsupported(`Unsupported qcow2 feature(s): ${names}`)
  }
  if (!readOnly) checkNotCorrupt(header)
  const marked = (header.incompatible & incompatible.compressionType) !== 0n
  if (!marked && header.compressionType !== compressionTypes.deflate) {
    throw damaged('qcow2: Compression type incompatible feature bit must be set')
  }
  if (marked && header.compressionType === compressionTypes.deflate) {
    throw damaged('qcow2: Compression type incompatible feature bit must not be set')
  }
  if (header.compressionType > compressionTypes.zstd) {
    throw unsupported(`qcow2: unknown compression type: ${header.compressionType}`)
  }
  if (header.refcountOrder > 6) {
    throw damaged('Reference count entry width too large; may not exceed 64 bits')
  }
}

function checkTables(header: Header, geometry: Geometry): void {
  const { clusterSize, subclusterSize } = geometry
  if (subclusterSize < 512) throw damaged(`Unsupported subcluster size: ${subclusterSize}`)
  if (header.refcountTableClusters === 0) throw damaged('Image does not contain a reference count table')
  const tableBytes = header.refcountTableClusters * clusterSize
  checkTable('Reference count table', header.refcountTableOffset, tableBytes, largestRefcountTable, clusterSize)
  checkTable('Snapshot table', header.snapshotsOffset, header.snapshotCount * 40, 65536 * 40, clusterSize)
  checkTable('Active L1 table', header.l1Offset, header.l1Size * 8, largestL1, clusterSize)
  const needed = l1EntriesFor(header.size, geometry)
  if (needed > 0x7fff_ffff || !Number.isSafeInteger(header.size)) throw damaged('Image is too big')
  if (header.l1Size < needed) throw damaged('L1 table is too small')
}

function checkTable(what: string, offset: number, bytes: number, largest: number, clusterSize: number): void {
  if (bytes > largest) throw damaged(`${what} too large`)
  if (offset + bytes > Number.MAX_SAFE_INTEGER || offset % clusterSize !== 0) throw damaged(`${what} offset invalid`)
}

async function loadL1(file: BlockNode, header: Header, { clusterSize }: Geometry): Promise<L1Table> {
  return new L1Table(header.l1Offset, await readPadded(file, header.l1Offset, header.l1Size * 8), clusterSize)
}

async function loadRefcounts(file: BlockNode, header: Header, geometry: Geometry): Promise<Refcounts> {
  const { refcountTableOffset: offset, refcountTableClusters: clusters } = header
  file.driver.debugEvent?.('reftable_load')
  const bytes = await readPadded(file, offset, clusters * geometry.clusterSize)
  const view = viewOf(bytes)
  const blocks = new Float64Array(bytes.byteLength / 8)
  for (let index = 0; index < blocks.length; index++) {
    const high = view.getUint32(index * 8)
    blocks[index] = getUint64(view, index * 8) - (view.getUint32(index * 8 + 4) % 512)
    if (high > 0x00ff_ffff) blocks[index] = blocks[index]! % 2 ** 56
  }
  const cache = new TableCache(file, { sliceSize: geometry.sliceSize, bytes: 4 * 2 ** 20, loadEvent: 'refblock_load' })
  return new Refcounts(geometry, cache, { offset, clusters, blocks })
}

async function loadSnapshots(file: BlockNode, header: Header): Promise<SnapshotTable> {
  const { snapshotsOffset: offset, snapshotCount: count, size: diskSize } = header
  const { snapshots, length } = await readSnapshots(file, { offset, count, diskSize })
  return { entries: snapshots, tableLength: length }
}

/** What lies behind the end of the file reads as zeroes. */
async function readPadded(file: BlockNode, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const available = Math.max(0, Math.min(length, file.length - offset))
  if (available > 0) await file.readInto(offset, bytes.subarray(0, available))
  return bytes
}
