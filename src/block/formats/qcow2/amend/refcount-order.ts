import { BlockError } from '../../../block-error.ts'
import { setUint64, viewOf } from '../big-endian.ts'
import { geometryOf } from '../geometry.ts'
import { hexadecimal } from '../header.ts'
import type { Image } from '../image.ts'
import { readPadded } from '../load-tables.ts'
import { refcountWidth } from '../refcount-width.ts'
import { largestRefcountTable } from '../refcounts.ts'

/**
 * Counts references in numbers of another width: new blocks and a new table behind everything that is in use, and then a
 * header that names them. The file has what memory has; the image must be opened anew afterwards.
 *
 * @throws {BlockError} kind `invalid`, in QEMU's words, if a count does not fit, or there would be too many
 */
export async function widenRefcounts(image: Image, bits: number): Promise<void> {
  const { file, geometry, refcounts } = image
  const { clusterSize } = geometry
  const width = refcountWidth(bits)
  const { refcountsPerBlock } = geometryOf(geometry.clusterBits, Math.log2(bits), geometry.subclusters > 1)
  const counts = new OldCounts(image)
  let used = 0
  for await (const { cluster, count } of counts.all()) {
    used = cluster + 1
    if (count <= width.largest) continue
    const where = hexadecimal(cluster * clusterSize)
    throw new BlockError(
      'invalid',
      `Cannot decrease refcount entry width to ${bits} bits: Cluster at offset ${where} has a refcount of ${count}`,
    )
  }
  const { blocks, tableClusters } = sizesFor(used, refcountsPerBlock, clusterSize)
  if (tableClusters * clusterSize > largestRefcountTable) {
    throw new BlockError('invalid', 'The reference count table would be too large')
  }
  const table = new Uint8Array(tableClusters * clusterSize)
  const offsets = new Float64Array(table.byteLength / 8)
  const isOld = counts.ownClusters()
  for (let index = 0; index < blocks; index++) {
    const bytes = new Uint8Array(clusterSize)
    const view = viewOf(bytes)
    const first = index * refcountsPerBlock
    for (let at = 0; at < refcountsPerBlock && first + at < used + blocks + tableClusters; at++) {
      const cluster = first + at
      const count = cluster >= used ? 1 : isOld.has(cluster) ? 0 : await counts.of(cluster)
      if (count > 0) width.set(view, at, count)
    }
    const offset = (used + index) * clusterSize
    setUint64(viewOf(table), index * 8, offset)
    offsets[index] = offset
    await file.write(offset, bytes, { grow: true })
  }
  const tableOffset = (used + blocks) * clusterSize
  await file.write(tableOffset, table, { grow: true })
  await file.flush()
  await image.rewriteHeader({
    header: {
      refcountOrder: Math.log2(bits),
      refcountTableOffset: tableOffset,
      refcountTableClusters: tableClusters,
    },
  })
  // Whoever writes the header again names this table.
  refcounts.replace({ offset: tableOffset, clusters: tableClusters, blocks: offsets })
}

/** Blocks and clusters of a table that count everything, themselves too. */
function sizesFor(used: number, perBlock: number, clusterSize: number): { blocks: number; tableClusters: number } {
  let [blocks, tableClusters] = [1, 1]
  for (;;) {
    const neededBlocks = Math.ceil((used + blocks + tableClusters) / perBlock)
    const neededTable = Math.ceil((neededBlocks * 8) / clusterSize)
    if (neededBlocks === blocks && neededTable === tableClusters) return { blocks, tableClusters }
    blocks = neededBlocks
    tableClusters = neededTable
  }
}

/** The counts as they are, read block by block. */
class OldCounts {
  readonly #image: Image
  #block = -1
  #view: DataView | undefined

  constructor(image: Image) {
    this.#image = image
  }

  /** The clusters that are counted, in order. */
  async *all(): AsyncGenerator<{ readonly cluster: number; readonly count: number }> {
    const { geometry, refcounts } = this.#image
    for (const [index, offset] of refcounts.blocks.entries()) {
      if (offset === 0) continue
      const first = index * geometry.refcountsPerBlock
      for (let at = 0; at < geometry.refcountsPerBlock; at++) {
        const count = await this.of(first + at)
        if (count > 0) yield { cluster: first + at, count }
      }
    }
  }

  of(cluster: number): number | Promise<number> {
    const { refcountsPerBlock } = this.#image.geometry
    const block = Math.floor(cluster / refcountsPerBlock)
    if (block !== this.#block) return this.#load(block).then(() => this.of(cluster))
    if (this.#view === undefined) return 0
    return this.#image.refcounts.width.get(this.#view, cluster % refcountsPerBlock)
  }

  /** The clusters of the blocks and of the table themselves. */
  ownClusters(): Set<number> {
    const { geometry, refcounts } = this.#image
    const own = new Set<number>()
    for (const offset of refcounts.blocks) if (offset !== 0) own.add(offset / geometry.clusterSize)
    const table = refcounts.tableOffset / geometry.clusterSize
    for (let at = 0; at < refcounts.tableClusters; at++) own.add(table + at)
    return own
  }

  async #load(block: number): Promise<void> {
    const { file, geometry, refcounts } = this.#image
    const offset = refcounts.blocks[block] ?? 0
    this.#view = offset === 0 ? undefined : viewOf(await readPadded(file, offset, geometry.clusterSize))
    this.#block = block
  }
}
