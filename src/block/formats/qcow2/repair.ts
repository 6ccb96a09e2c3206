import { setUint64, viewOf } from './big-endian.ts'
import type { Checker } from './check.ts'
import type { Image } from './image.ts'
import { compressedBit, copiedBit, offsetOf } from './l2-entry.ts'
import { refcountWidth } from './refcount-width.ts'
import { notLoaded } from './refcounts.ts'
import type { References } from './references.ts'

/** Counts leaked clusters as often as they are used. */
export async function dropLeaks({ refcounts, writeback }: Image, { differences, references }: Checker): Promise<void> {
  for (const [cluster, counted] of differences) {
    const used = references.get(cluster)
    if (counted < used) continue
    while (refcounts.tryAdd(cluster, used - counted) === notLoaded) await refcounts.cache.load(refcounts.missing)
  }
  await writeback.settle()
}

/**
 * Writes new reference counts behind everything that is in use, and then lets the header name them; then each reference
 * says anew whether it is the only one. The old counts are left as free space.
 */
export async function rebuildCounts(image: Image, references: References): Promise<void> {
  const { geometry, refcounts, file } = image
  const { clusterSize, refcountsPerBlock } = geometry
  forgetOldCounts(image, references)
  let blockCount = 1
  let tableClusters = 1
  for (;;) {
    const end = references.highest + 1 + blockCount + tableClusters
    const neededBlocks = Math.ceil(end / refcountsPerBlock)
    const neededTable = Math.ceil((neededBlocks * 8) / clusterSize)
    if (neededBlocks <= blockCount && neededTable <= tableClusters) break
    blockCount = Math.max(blockCount, neededBlocks)
    tableClusters = Math.max(tableClusters, neededTable)
  }
  const start = references.highest + 1
  for (let index = 0; index < blockCount + tableClusters; index++) references.add(start + index, 1)
  const width = refcountWidth(geometry.refcountBits)
  const blocks = new Float64Array((tableClusters * clusterSize) / 8)
  for (let index = 0; index < blockCount; index++) {
    const bytes = new Uint8Array(clusterSize)
    const view = viewOf(bytes)
    for (let entry = 0; entry < refcountsPerBlock; entry++) {
      const count = references.get(index * refcountsPerBlock + entry)
      if (count > 0) width.set(view, entry, Math.min(count, width.largest))
    }
    blocks[index] = (start + index) * clusterSize
    await file.write(blocks[index]!, bytes, { grow: true })
  }
  const offset = (start + blockCount) * clusterSize
  const table = new Uint8Array(tableClusters * clusterSize)
  for (let index = 0; index < blockCount; index++) setUint64(viewOf(table), index * 8, blocks[index]!)
  await file.write(offset, table, { grow: true })
  await file.flush()
  await image.changeHeader({ refcountTableOffset: offset, refcountTableClusters: tableClusters })
  await file.flush()
  refcounts.replace({ offset, clusters: tableClusters, blocks })
  await mendOwnership(image, references)
}

/** What counts the references now is no reason to keep its clusters. */
function forgetOldCounts({ geometry, refcounts }: Image, references: References): void {
  const { clusterSize } = geometry
  const drop = (cluster: number): void => {
    if (cluster < references.clusters && references.get(cluster) > 0) references.add(cluster, -1)
  }
  const table = refcounts.tableOffset / clusterSize
  for (let index = 0; index < refcounts.tableClusters; index++) drop(table + index)
  for (const block of refcounts.blocks) if (block !== 0 && block % clusterSize === 0) drop(block / clusterSize)
}

async function mendOwnership(image: Image, references: References): Promise<void> {
  const { l1, l2, file, geometry, externalData, writeback } = image
  const { clusterSize, l2EntrySize } = geometry
  const inFile = (offset: number): boolean => offset % clusterSize === 0 && offset < file.length
  for (let index = 0; index < l1.length; index++) {
    const offset = l1.rawTableAt(index)
    if (offset === 0 || !inFile(offset)) continue
    const only = references.get(offset / clusterSize) === 1
    if (only !== l1.isCopied(index)) l1.set(index, offset, only)
    const bytes = await file.read(offset, Math.min(clusterSize, file.length - offset))
    const view = viewOf(bytes)
    let changed = false
    for (let at = 0; at + l2EntrySize <= bytes.byteLength; at += l2EntrySize) {
      const high = view.getUint32(at)
      const host = offsetOf(high, view.getUint32(at + 4))
      if ((high & compressedBit) !== 0 || (host === 0 && (high & copiedBit) === 0) || !inFile(host)) continue
      const owned = externalData || references.get(host / clusterSize) === 1
      if (owned === ((high & copiedBit) !== 0)) continue
      view.setUint32(at, (owned ? high | copiedBit : high & ~copiedBit) >>> 0)
      changed = true
    }
    if (changed) await file.write(offset, bytes)
  }
  l2.clear()
  await writeback.settle()
}
