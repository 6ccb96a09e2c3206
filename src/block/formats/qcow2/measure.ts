import type { DirtyBitmap } from '../../bitmaps/index.ts'
import { BlockError } from '../../block-error.ts'
import type { Measurement, MeasureRequest } from '../../open/create-request.ts'
import { sizeOfEntry } from './bitmap-directory.ts'
import { checkedGeometry, largestL1 } from './create.ts'
import { readEncryption } from './create-encryption.ts'
import { readCreateOptions } from './create-options.ts'
import { type Geometry, l1EntriesFor } from './geometry.ts'

/** How large an image will be: tables for everything that the guest may write, and clusters for what is written. */
export async function measureQcow2(request: MeasureRequest): Promise<Measurement> {
  const options = readCreateOptions(request)
  const encryption = await readEncryption(request)
  const geometry = checkedGeometry({ ...options, size: 0 })
  if (l1EntriesFor(request.size, geometry) * 8 > largestL1) {
    throw new BlockError('invalid', 'The image size is too large (try using a larger cluster size)')
  }
  const size = roundUp(request.size, geometry.clusterSize)
  const encrypted = roundUp(encryption?.luks?.length ?? 0, geometry.clusterSize)
  const fullyAllocated = size + encrypted + tableBytes(size, geometry)
  const full = options.preallocation === 'full'
  const written = full ? size : ((await request.written?.(geometry.clusterSize)) ?? 0)
  const bitmaps = options.version === 2 ? undefined : request.bitmaps
  return {
    required: fullyAllocated - size + written,
    fullyAllocated,
    ...(bitmaps !== undefined && { bitmaps: bitmapBytes(bitmaps, geometry) }),
  }
}

/** What bitmaps take, were all bits to be stored: bits, tables and the directory. */
function bitmapBytes(bitmaps: readonly DirtyBitmap[], { clusterSize }: Geometry): number {
  let [bytes, directory] = [0, 0]
  for (const { size, granularity, name = '' } of bitmaps) {
    const clusters = Math.ceil(Math.ceil(Math.ceil(size / granularity) / 8) / clusterSize)
    bytes += clusters * clusterSize + roundUp(clusters * 8, clusterSize)
    directory += sizeOfEntry(Buffer.byteLength(name))
  }
  return bytes + roundUp(directory, clusterSize)
}

/** Header, tables and reference counts of an image that is full. */
function tableBytes(size: number, { clusterSize, l2EntrySize, refcountsPerBlock }: Geometry): number {
  const l2Bytes = roundUp((size / clusterSize) * l2EntrySize, clusterSize)
  const l1Bytes = roundUp((l2Bytes / clusterSize) * 8, clusterSize)
  const bytes = clusterSize + l2Bytes + l1Bytes
  const counted = (bytes + size) / clusterSize
  // The counts count themselves, too.
  let [blocks, table] = [0, 0]
  for (;;) {
    const neededBlocks = Math.ceil((counted + blocks + table) / refcountsPerBlock)
    const neededTable = Math.ceil((neededBlocks * 8) / clusterSize)
    if (neededBlocks === blocks && neededTable === table) return bytes + (blocks + table) * clusterSize
    blocks = neededBlocks
    table = neededTable
  }
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
