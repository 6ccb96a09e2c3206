import { BlockError } from '../../block-error.ts'
import { largestLength } from '../../largest-length.ts'
import type { CreateRequest, Maker } from '../../open/create-request.ts'
import type { FormatDefinition, FormatRequest } from '../../open/driver.ts'
import { BitmapStore } from './bitmap-store.ts'
import { largestL1, planQcow2 } from './create.ts'
import { readEncryption } from './create-encryption.ts'
import { readCreateOptions } from './create-options.ts'
import { openEncryption } from './encryption.ts'
import { incompatible, knownIncompatible, unknownFeatures } from './features.ts'
import { type Geometry, geometryOf, l1EntriesFor } from './geometry.ts'
import { checkNotCorrupt, compressionTypes, damaged, type Header, unsupported } from './header.ts'
import { Image } from './image.ts'
import { L1Table } from './l1-table.ts'
import { readL1, readRefcountTable, readSnapshotTable } from './load-tables.ts'
import { measureQcow2 } from './measure.ts'
import { checkL2EntrySize, readOptions } from './options.ts'
import { fileAccess, Qcow2Driver } from './qcow2-driver.ts'
import { readStart, type Start } from './read-start.ts'
import { largestRefcountTable, Refcounts } from './refcounts.ts'
import { TableCache } from './table-cache.ts'
import { checkSnapshotTable, checkTable } from './table-places.ts'
import { packingRefusal } from './zstd.ts'

const refcountCacheSize = 4 * 2 ** 20
const noSnapshots = { entries: [], tableLength: 0 }

/** QEMU's own format: images that grow as they are written, with backing files and snapshots. */
export const qcow2: FormatDefinition = {
  name: 'qcow2',
  namesFiles: true,
  compresses: true,
  fileAccess: (_options, readOnly) => fileAccess(readOnly),
  compressionRefusal: (option) => (option('compression_type') === 'zstd' ? packingRefusal() : undefined),

  async open(request: FormatRequest): Promise<Qcow2Driver> {
    const { file, readOnly, openChild } = request
    const options = readOptions(request.options)
    const start = await readStart(file)
    const { header, extensions, backingFilename } = start
    checkFeatures(start, readOnly || request.forCheck)
    const geometry = geometryOf(
      header.clusterBits,
      header.refcountOrder,
      (header.incompatible & incompatible.extendedL2) !== 0n,
    )
    checkTables(header, geometry, request.forCheck)
    checkL2EntrySize(options.l2EntrySize, geometry.clusterSize)
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
    const l1 = new L1Table(header.l1Offset, await readL1(file, header), geometry.clusterSize)
    file.driver.debugEvent?.('reftable_load')
    const counts = new TableCache(file, {
      sliceSize: geometry.sliceSize,
      bytes: refcountCacheSize,
      loadEvent: 'refblock_load',
    })
    const refcounts = new Refcounts(geometry, counts, await readRefcountTable(file, header, geometry))
    // A check reads it by itself: what is wrong with it is for the check to say.
    const snapshots = request.forCheck ? noSnapshots : await readSnapshotTable(file, header)
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
      guarded: options.guarded,
      l2: new TableCache(file, { sliceSize: geometry.sliceSize, bytes: options.l2CacheSize, loadEvent: 'l2_load' }),
    })
    const bitmaps = new BitmapStore(image)
    await bitmaps.load(request)
    return new Qcow2Driver(image, bitmaps, {
      needed: options.needed,
      backingOverridden: backing?.overridden ?? false,
      readOnly,
      forCheck: request.forCheck,
      reportDamage: request.reportDamage,
      warn: request.warn,
      lostBitmaps: (reason) =>
        request.complain(`Lost persistent bitmaps during inactivation of node '${request.nodeName}': ${reason}`),
    })
  },

  async create(request: CreateRequest): Promise<Maker> {
    const options = readCreateOptions({ ...request, size: Number(request.size) })
    const encryption = await readEncryption(request)
    const make = planQcow2({ ...options, encryption }, request.size)
    if (request.inPlace === true) return make
    return async (file) => {
      await file.truncate(0)
      await make(file)
    }
  },

  measure: measureQcow2,
}

function checkFeatures({ header, extensions }: Start, readOnly: boolean): void {
  if ((header.incompatible & ~knownIncompatible) !== 0n) {
    const names = unknownFeatures(header.incompatible, extensions.featureNames)
    throw unsupported(`Unsupported qcow2 feature(s): ${names}`)
  }
  if (!readOnly) checkNotCorrupt(header)
  if (header.compressionType > compressionTypes.zstd) {
    throw unsupported(`qcow2: unknown compression type: ${header.compressionType}`)
  }
  const marked = (header.incompatible & incompatible.compressionType) !== 0n
  if (!marked && header.compressionType !== compressionTypes.deflate) {
    throw damaged('qcow2: Compression type incompatible feature bit must be set')
  }
  if (marked && header.compressionType === compressionTypes.deflate) {
    throw damaged('qcow2: Compression type incompatible feature bit must not be set')
  }
  if (header.refcountOrder > 6) {
    throw damaged('Reference count entry width too large; may not exceed 64 bits')
  }
}

function checkTables(header: Header, geometry: Geometry, forCheck: boolean): void {
  const { clusterSize, subclusterSize } = geometry
  if (subclusterSize < 512) throw damaged(`Unsupported subcluster size: ${subclusterSize}`)
  if (header.refcountTableClusters === 0 && !forCheck) throw damaged('Image does not contain a reference count table')
  const tableBytes = header.refcountTableClusters * clusterSize
  const limits = { clusterSize, forCheck }
  checkTable('Reference count table', header.refcountTableOffset, tableBytes, {
    ...limits,
    largest: largestRefcountTable,
  })
  if (!forCheck) checkSnapshotTable('Snapshot table', header, limits)
  checkTable('Active L1 table', header.l1Offset, header.l1Size * 8, { ...limits, largest: largestL1 })
  const needed = l1EntriesFor(header.size, geometry)
  if (needed > 0x7fff_ffff || header.size > largestLength) throw damaged('Image is too big')
  if (header.l1Size < needed) throw damaged('L1 table is too small')
}
