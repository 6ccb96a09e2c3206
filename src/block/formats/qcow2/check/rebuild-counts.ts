import { setUint64, viewOf } from '../big-endian.ts'
import { refcountWidth } from '../refcount-width.ts'
import { largestRefcountTable } from '../refcounts.ts'
import type { Examination } from './examine.ts'
import { Findings } from './findings.ts'
import { FreeSpace } from './free-space.ts'
import { blocksOfLost } from './mend-counts.ts'
import { ReferenceWalk } from './reference-walk.ts'

/**
 * Counts anew, in blocks and a table that lie where no entry reaches, and lets the header name them. The old ones become
 * free. What has been lost behind the end of the file keeps its counts: nobody else shall get these clusters.
 *
 * @returns false, if that is not possible
 */
export async function rebuildCounts(examination: Examination): Promise<boolean> {
  const { image, snapshots, findings } = examination
  const { clusterSize } = image.geometry
  const others = new ReferenceWalk(image, snapshots, new Findings())
  await others.run('without counts')
  // A header that is something else, too, stays as it is, unless it is so by the counts that are to go.
  if (findings.blind || !others.isOnly(0, clusterSize)) return false
  const layout = layOut(examination, others)
  if (layout === undefined) return false
  const { table, blocks } = layout
  const placed = [...blocks.values(), ...Array.from({ length: table.clusters }, (_, index) => table.first + index)]
  image.file.grow((placed.reduce((highest, cluster) => Math.max(highest, cluster)) + 1) * clusterSize)
  // The file may hold clusters now that it did not: whoever refers to them counts.
  const used = new ReferenceWalk(image, snapshots, new Findings())
  await used.run('without counts')
  for (const cluster of placed) used.referCluster(cluster, 1)
  const bytes = new Uint8Array(table.clusters * clusterSize)
  for (const [index, cluster] of blocks) {
    setUint64(viewOf(bytes), index * 8, cluster * clusterSize)
    await image.file.write(cluster * clusterSize, await encodeBlock(examination, used, index))
  }
  await image.file.write(table.first * clusterSize, bytes)
  await image.changeHeader({ refcountTableOffset: table.first * clusterSize, refcountTableClusters: table.clusters })
  return true
}

interface Layout {
  readonly table: { readonly first: number; readonly clusters: number }
  /** The cluster of each block, by its place in the table. */
  readonly blocks: ReadonlyMap<number, number>
}

/** Finds places. @param others - who refers to what, but for the structure of the counts */
function layOut({ image, walk }: Examination, others: ReferenceWalk): Layout | undefined {
  const { clusterSize, refcountsPerBlock } = image.geometry
  const indexOf = (cluster: number): number => Math.floor(cluster / refcountsPerBlock)
  const needed = new Set<number>()
  for (const cluster of others.references) needed.add(indexOf(cluster))
  for (const index of blocksOfLost(image, walk)) needed.add(index)
  // The old structure stays whole until the header names the new one.
  const space = new FreeSpace(walk)
  const blocks = new Map<number, number>()
  let table = { first: 0, clusters: 0 }
  // New blocks and tables are counted themselves, perhaps by new blocks.
  for (let settled = false; !settled; ) {
    settled = true
    for (const index of needed) {
      if (blocks.has(index)) continue
      blocks.set(index, space.take(1))
      needed.add(indexOf(blocks.get(index)!))
      settled = false
    }
    const highest = [...needed].reduce((one, other) => Math.max(one, other))
    const clusters = Math.ceil(((highest + 1) * 8) / clusterSize)
    if (clusters <= table.clusters) continue
    if (clusters * clusterSize > largestRefcountTable) return undefined
    table = { first: space.take(clusters), clusters }
    for (let cluster = table.first; cluster < table.first + clusters; cluster++) needed.add(indexOf(cluster))
    settled = false
  }
  return { table, blocks }
}

async function encodeBlock(
  { image, counts }: Examination,
  { references, touches, clusters }: ReferenceWalk,
  index: number,
): Promise<Uint8Array> {
  const { clusterSize, refcountsPerBlock, refcountBits } = image.geometry
  const width = refcountWidth(refcountBits)
  const bytes = new Uint8Array(clusterSize)
  const view = viewOf(bytes)
  const first = index * refcountsPerBlock
  for (let entry = 0; entry < refcountsPerBlock; entry++) {
    const cluster = first + entry
    const used = references.get(cluster)
    const reached = touches.get(cluster)
    let count = used
    // Where something leads without counting, a count that is there stays.
    if (reached > 0 && cluster < clusters) {
      count = Math.max(used, Math.min((await counts.count(cluster)) ?? 0, used + reached))
    } else if (reached > 0) count = used + reached
    if (count > 0) width.set(view, entry, Math.min(count, width.largest))
  }
  return bytes
}
