import type { Image } from './image.ts'
import { notLoaded } from './refcounts.ts'

/**
 * Gives back the blocks of reference counts that count nothing, or only themselves. The image is drained, and the file
 * has what memory has.
 *
 * @throws {BlockError}
 */
export async function dropEmptyBlocks(image: Image): Promise<void> {
  const { refcounts, geometry, metadata, writeback, quarantine, file } = image
  const { clusterSize, refcountsPerBlock } = geometry
  const counted: number[] = []
  for (let index = 0; index < refcounts.blocks.length; index++) {
    const offset = refcounts.blocks[index]!
    if (offset === 0) continue
    const own = offset / clusterSize
    const countsItself = Math.floor(own / refcountsPerBlock) === index
    if (!(await countsNothing(image, index, countsItself ? own : undefined))) continue
    refcounts.dropBlock(index)
    metadata.delete(own)
    if (!countsItself) counted.push(own)
  }
  // Not before the table in the file has let go of them.
  await writeback.settle()
  await file.flush()
  for (const first of counted) quarantine.add({ first, count: 1 })
  await writeback.settle()
}

/** Whether all counts of a block are zero, save for one cluster's. */
async function countsNothing(
  { refcounts, geometry }: Image,
  index: number,
  save: number | undefined,
): Promise<boolean> {
  const first = index * geometry.refcountsPerBlock
  for (let cluster = first; cluster < first + geometry.refcountsPerBlock; ) {
    const count = cluster === save ? 0 : refcounts.peek(cluster)
    if (count === notLoaded) await refcounts.cache.load(refcounts.missing)
    else if (count === 0) cluster++
    else return false
  }
  return true
}
