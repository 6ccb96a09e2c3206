import { viewOf } from '../big-endian.ts'
import { refcountWidth } from '../refcount-width.ts'
import type { CheckedImage } from './checked-image.ts'
import type { Examination } from './examine.ts'
import type { ReferenceWalk } from './reference-walk.ts'

/** Whether a block of counts can be changed where it is: it can be found, and is nothing else besides. */
function isUsable({ image, walk }: Examination, index: number): boolean {
  const { clusterSize } = image.geometry
  const { offset, reserved } = walk.blocks[index] ?? noBlock
  return (
    offset !== 0 &&
    !reserved &&
    offset % clusterSize === 0 &&
    image.clusterOf(offset) < walk.clusters &&
    walk.isOnly(offset, clusterSize)
  )
}

/** Whether counts that lack are to be made anew, in other places: they are where none were, or cannot be changed there. */
export function needsRebuild(examination: Examination): boolean {
  const { image, counts, walk, findings } = examination
  if (findings.brokenCounts || findings.checkErrors > 0) return true
  const { refcountsPerBlock } = image.geometry
  for (const [cluster, counted] of counts.differences) {
    if (counted >= walk.counted(cluster)) continue
    if (counted === 0 || !isUsable(examination, Math.floor(cluster / refcountsPerBlock))) return true
  }
  for (const index of blocksOfLost(image, walk)) if (!isUsable(examination, index)) return true
  return false
}

/**
 * Blocks that count what has been lost behind the end of the file, as far as the image may grow to there: nobody else
 * shall get these clusters.
 */
export function blocksOfLost({ geometry }: CheckedImage, walk: ReferenceWalk): Set<number> {
  const { refcountsPerBlock } = geometry
  const near = 2 * Math.floor(walk.clusters / refcountsPerBlock) + 8
  const indexes = new Set<number>()
  for (const cluster of walk.touches) {
    const index = Math.floor(cluster / refcountsPerBlock)
    // What leads further was never there: no count reached so far.
    if (cluster >= walk.clusters && (index < near || (walk.blocks[index]?.offset ?? 0) !== 0)) indexes.add(index)
  }
  return indexes
}

/**
 * Lets counts say how often clusters are used, where they stand. What any entry reaches, in whatever way, does not
 * become free.
 *
 * @param which - `leaks`: counts only become lower
 * @param wanted - the clusters that this is about
 */
export async function mendCounts(
  examination: Examination,
  which: 'leaks' | 'all',
  wanted: (cluster: number) => boolean = () => true,
): Promise<void> {
  const { image, counts, walk, findings } = examination
  const { refcountsPerBlock, refcountBits, clusterSize } = image.geometry
  const width = refcountWidth(refcountBits)
  const changes = new Map<number, [cluster: number, count: number][]>()
  for (const [cluster, counted] of counts.differences) {
    if (!wanted(cluster)) continue
    const used = walk.counted(cluster)
    if (counted > used && findings.blind) continue
    if (counted < used && which === 'leaks') continue
    const count = counted < used ? used : Math.min(counted, used + walk.touches.get(cluster))
    const index = Math.floor(cluster / refcountsPerBlock)
    const ofBlock = changes.get(index)
    if (ofBlock !== undefined) ofBlock.push([cluster, count])
    else if (isUsable(examination, index)) changes.set(index, [[cluster, count]])
  }
  if (which === 'all') {
    for (const index of blocksOfLost(image, walk)) {
      if (!changes.has(index) && isUsable(examination, index)) changes.set(index, [])
    }
  }
  for (const [index, list] of changes) {
    const { offset } = walk.blocks[index]!
    const bytes = await image.file.read(offset, clusterSize)
    const view = viewOf(bytes)
    for (const [cluster, count] of list) width.set(view, cluster % refcountsPerBlock, count)
    if (which === 'all') countLost(examination, index, view)
    await image.file.write(offset, bytes)
  }
}

/** Lets a block count what has been lost behind the end of the file. */
function countLost({ image, walk }: Examination, index: number, view: DataView): void {
  const { refcountsPerBlock, refcountBits } = image.geometry
  const width = refcountWidth(refcountBits)
  for (let entry = 0; entry < refcountsPerBlock; entry++) {
    const cluster = index * refcountsPerBlock + entry
    const count = Math.min(walk.touches.get(cluster), width.largest)
    if (cluster >= walk.clusters && count > width.get(view, entry)) width.set(view, entry, count)
  }
}

const noBlock = { offset: 0, reserved: false }
