import type { DirtyBitmap } from '../../bitmaps/index.ts'
import { BlockError } from '../../block-error.ts'
import { setUint64, viewOf } from './big-endian.ts'
import { type BitmapEntry, readBitmapCluster } from './bitmap-directory.ts'
import type { Image } from './image.ts'
import { readPadded } from './load-tables.ts'

/** Entry of a table for a cluster of bits that are all ones (qcow2 spec, "Bitmap table"). */
const onesEntry = 1

/** Reads a bitmap's bits. @throws {BlockError} in QEMU's words */
export async function loadBitmap(image: Image, bitmap: DirtyBitmap, entry: BitmapEntry): Promise<void> {
  const { clusterSize } = image.geometry
  const total = bytesOf(bitmap)
  const clusters = await readTable(image, entry)
  for (let index = 0; index * clusterSize < total; index++) {
    const cluster = clusters[index]
    const at = index * clusterSize
    if (cluster === 'ones') bitmap.mark(at * 8 * bitmap.granularity, clusterSize * 8 * bitmap.granularity)
    if (typeof cluster === 'number') {
      try {
        bitmap.addBytes(at, await readPadded(image.file, cluster, Math.min(clusterSize, total - at)))
      } catch (cause) {
        if (!(cause instanceof BlockError)) throw cause
        throw because(`Could not read bitmap '${entry.name}' from image`, cause)
      }
    }
  }
}

/**
 * Writes a bitmap's bits and a table of them into clusters of their own.
 *
 * @returns how the directory lists it
 * @throws {BlockError} in QEMU's words
 */
export async function storeBitmap(image: Image, bitmap: DirtyBitmap): Promise<BitmapEntry> {
  try {
    return await writeBitmap(image, bitmap)
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    throw because(`Failed to write bitmap '${bitmap.name}' to file`, cause)
  }
}

async function writeBitmap(image: Image, bitmap: DirtyBitmap): Promise<BitmapEntry> {
  const { clusterSize } = image.geometry
  const total = bytesOf(bitmap)
  const tableSize = Math.ceil(total / clusterSize)
  const table = new Uint8Array(tableSize * 8)
  const view = viewOf(table)
  const reach = clusterSize * 8 * bitmap.granularity
  for (let area = bitmap.nextDirty(0); area !== undefined; ) {
    const index = Math.floor(area.offset / reach)
    const [begin, end] = [index * reach, Math.min((index + 1) * reach, bitmap.size)]
    // QEMU takes the bits behind the end for ones, too, where all are.
    const whole = area.offset === begin && area.length >= reach
    if (whole) view.setUint32(index * 8 + 4, onesEntry)
    else {
      const at = index * clusterSize
      const bytes = bitmap.bytes(at, Math.min(clusterSize, total - at))
      setUint64(view, index * 8, await image.store(bytes))
    }
    area = end < bitmap.size ? bitmap.nextDirty(end) : undefined
  }
  return {
    name: bitmap.name!,
    tableOffset: await image.store(table),
    tableSize,
    inUse: false,
    auto: bitmap.recording,
    granularityBits: Math.log2(bitmap.granularity),
  }
}

/** Where the clusters are that a bitmap's table names. @throws {BlockError} */
export async function clustersOf(image: Image, entry: BitmapEntry): Promise<number[]> {
  return (await readTable(image, entry)).filter((cluster) => typeof cluster === 'number')
}

async function readTable({ file, geometry }: Image, entry: BitmapEntry): Promise<('zeroes' | 'ones' | number)[]> {
  const { name, tableOffset, tableSize } = entry
  const text = `Could not read bitmap_table table from image for bitmap '${name}'`
  let view: DataView
  try {
    view = viewOf(await readPadded(file, tableOffset, tableSize * 8))
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    throw because(text, cause)
  }
  return Array.from({ length: tableSize }, (_, index) => {
    const cluster = readBitmapCluster(view.getUint32(index * 8), view.getUint32(index * 8 + 4), geometry.clusterSize)
    if (cluster === 'invalid') throw new BlockError('corrupt', `${text}: Invalid argument`)
    return cluster
  })
}

/** How many bytes the bits take. */
function bytesOf({ size, granularity }: DirtyBitmap): number {
  return Math.ceil(Math.ceil(size / granularity) / 8)
}

function because(text: string, cause: BlockError): BlockError {
  return new BlockError(cause.kind, `${text}: ${cause.message}`, cause.context, { cause })
}
