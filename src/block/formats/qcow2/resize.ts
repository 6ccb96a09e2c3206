import { BlockError } from '../../block-error.ts'
import type { BitmapStore } from './bitmap-store.ts'
import { largestL1 } from './create.ts'
import type { Discards } from './discards.ts'
import { dropEmptyBlocks } from './drop-empty-blocks.ts'
import { l1EntriesFor } from './geometry.ts'
import type { Image } from './image.ts'
import { notLoaded } from './refcounts.ts'

/**
 * Changes the size that the guest sees. The image is drained, and the file has what memory has.
 *
 * @throws {BlockError} kind `unsupported` or `invalid`, in QEMU's words
 */
export async function resize(image: Image, discards: Discards, bitmaps: BitmapStore, size: number): Promise<void> {
  const { header, snapshots } = image
  if (size === header.size) return
  if (header.version === 2 && snapshots.entries.length > 0) {
    throw new BlockError('unsupported', "Can't resize a v2 image which has snapshots")
  }
  bitmaps.checkResizable()
  const { rawData, externalData, storage } = image
  if (rawData || (externalData && size > storage.length)) await storage.truncate(size)
  if (size > header.size) await grow(image, discards, size)
  else await shrink(image, discards, size)
}

async function grow(image: Image, discards: Discards, size: number): Promise<void> {
  const { writeback, file, backing, geometry } = image
  const before = image.header
  if (l1EntriesFor(size, geometry) * 8 > largestL1) {
    throw new BlockError('invalid', 'Failed to grow the L1 table: File too large')
  }
  try {
    await growL1(image, l1EntriesFor(size, geometry))
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    throw new BlockError(cause.kind, `Failed to grow the L1 table: ${cause.message}`, cause.context, { cause })
  }
  // What a backing file holds behind the old end was not to be seen, and is not to be; nor is the rest of a cluster.
  const { clusterSize } = geometry
  const clusterEnd = Math.ceil(before.size / clusterSize) * clusterSize
  const hidden = Math.min(size, Math.max(clusterEnd, backing?.length ?? 0))
  image.header = { ...image.header, size }
  try {
    if (hidden > before.size) await discards.writeZeroes(before.size, hidden - before.size)
    await writeback.settle()
    await file.flush()
    await image.changeHeader({ size })
  } catch (error) {
    image.header = { ...image.header, size: before.size }
    throw error
  }
}

/** Makes room in the table for guest bytes further behind. The image is drained, and the file has what memory has. */
export async function growL1(image: Image, entries: number): Promise<void> {
  const { l1, file, geometry, writeback, quarantine } = image
  const { clusterSize } = geometry
  if (entries <= l1.length) return
  const old = { offset: l1.offset, length: l1.length }
  const bytes = new Uint8Array(entries * 8)
  bytes.set(l1.encode())
  const clusters = Math.ceil(bytes.byteLength / clusterSize)
  image.tell('l1_grow_alloc_table')
  const offset = (await image.allocate(clusters)) * clusterSize
  image.takeUntouched(offset, clusters * clusterSize)
  image.tell('l1_grow_write_table')
  await file.write(offset, bytes, { grow: true })
  await writeback.settle()
  await file.flush()
  image.tell('l1_grow_activate_table')
  await image.changeHeader({ l1Size: entries, l1Offset: offset })
  await file.flush()
  l1.replace(offset, bytes)
  // The image of a disk without bytes has no table, and 0 for its place.
  if (old.length === 0) return
  quarantine.add({ first: old.offset / clusterSize, count: Math.ceil((old.length * 8) / clusterSize) })
}

async function shrink(image: Image, discards: Discards, size: number): Promise<void> {
  await forgetBehind(image, discards, size)
  await dropEmptyBlocks(image)
  await image.changeHeader({ size })
  await cutFileIfPossible(image)
}

/** A file that does not get shorter, as a device, has room to spare: nothing else is wrong. As `cutFile()`. */
export async function cutFileIfPossible(image: Image): Promise<void> {
  try {
    await cutFile(image)
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
  }
}

/**
 * Gives back what the image itself holds; the file ends behind its tables. The image is drained, and the file has what
 * memory has.
 */
export async function empty(image: Image, discards: Discards): Promise<void> {
  image.tell('empty_image_prepare')
  await forgetBehind(image, discards, 0)
  await cutFile(image)
}

/** Lets the file end behind the last cluster that is counted. */
async function cutFile({ file, refcounts, geometry }: Image): Promise<void> {
  let clusters = Math.ceil(file.length / geometry.clusterSize)
  for (let count = 0; clusters > 0 && count <= 0; ) {
    count = refcounts.peek(clusters - 1)
    if (count === notLoaded) await refcounts.cache.load(refcounts.missing)
    else if (count === 0) clusters--
  }
  const end = clusters * geometry.clusterSize
  if (end < file.length) await file.truncate(end)
}

/** Gives back clusters and tables of what lies behind an offset. */
async function forgetBehind(image: Image, discards: Discards, size: number): Promise<void> {
  const { l1, writeback, quarantine, file, header, geometry } = image
  const { clusterSize } = geometry
  const kept = Math.ceil(size / clusterSize) * clusterSize
  if (kept < header.size) await discards.forget(kept, header.size - kept)
  for (let index = l1EntriesFor(size, geometry); index < l1.length; index++) {
    const table = l1.tableAt(index)
    if (table === 0) continue
    l1.set(index, 0, false)
    quarantine.add({ first: table / clusterSize, count: 1 })
  }
  await writeback.settle()
  await file.flush()
}
