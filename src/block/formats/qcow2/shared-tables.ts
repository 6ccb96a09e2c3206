import { BlockError } from '../../block-error.ts'
import type { Image } from './image.ts'
import { decodeL1 } from './l1-table.ts'
import { compressedBit, compressedLength, compressedOffset, copiedBit, offsetOf } from './l2-entry.ts'
import { notLoaded } from './refcounts.ts'

/**
 * Changes how often everything below an L1 table is referred to. The image is drained, and the file has what memory has:
 * see `Qcow2Driver.exclusive()`.
 */
export class SharedTables {
  readonly #image: Image

  constructor(image: Image) {
    this.#image = image
  }

  /**
   * Looks whether everything below an L1 table can have one reference more.
   *
   * @throws {BlockError} kind `invalid`, if counts of this width cannot say so
   */
  async checkRoom(l1: Uint8Array): Promise<void> {
    const { largest } = this.#image.refcounts.width
    if (largest > 0xffff) return
    const added = new Map<number, number>()
    await this.#eachCluster(l1, async (cluster) => {
      const more = (added.get(cluster) ?? 0) + 1
      added.set(cluster, more)
      if ((await this.count(cluster)) + more <= largest) return
      throw new BlockError('invalid', 'Invalid argument', { code: 'EINVAL' })
    })
  }

  /** Adds to the counts of the L2 tables of an L1 table and of everything that they refer to. @throws {BlockError} */
  add(l1: Uint8Array, delta: 1 | -1): Promise<void> {
    return this.#eachCluster(l1, (cluster) => this.#add(cluster, delta))
  }

  /** Lets each entry of the active tables say whether it is the only reference to its cluster. @throws {BlockError} */
  async markOwned(): Promise<void> {
    const { l1, l2, writeback, externalData } = this.#image
    const { clusterSize, sliceSize, l2EntrySize } = this.#image.geometry
    for (let index = 0; index < l1.length; index++) {
      const table = l1.tableAt(index)
      if (table === 0) continue
      const only = (await this.count(table / clusterSize)) === 1
      if (only !== l1.isCopied(index)) l1.set(index, table, only)
      for (let at = table; at < table + clusterSize; at += sliceSize) {
        if (writeback.crowded) await writeback.commit()
        const hosts = (await this.#slice(at)).map(({ host }) => host)
        const owned: boolean[] = []
        for (const host of hosts) {
          owned.push(host !== undefined && (externalData || (await this.count(host / clusterSize)) === 1))
        }
        let slice = l2.get(at)
        for (; slice === undefined; slice = l2.get(at)) await l2.load(at)
        for (const [entry, host] of hosts.entries()) {
          if (host === undefined) continue
          const position = entry * l2EntrySize
          const high = slice.view.getUint32(position)
          if (((high & copiedBit) !== 0) === owned[entry]) continue
          slice.view.setUint32(position, (high ^ copiedBit) >>> 0)
          l2.markDirty(slice, position, position + 8)
        }
      }
    }
  }

  async count(cluster: number): Promise<number> {
    const { refcounts } = this.#image
    for (;;) {
      const count = refcounts.peek(cluster)
      if (count !== notLoaded) return count
      await refcounts.cache.load(refcounts.missing)
    }
  }

  /** Gives up clusters in a row that hold one thing: a table, say. */
  async drop(offset: number, length: number): Promise<void> {
    const { clusterSize } = this.#image.geometry
    const end = Math.ceil((offset + length) / clusterSize)
    for (let cluster = offset / clusterSize; cluster < end; cluster++) await this.#add(cluster, -1)
  }

  async #add(cluster: number, delta: 1 | -1): Promise<void> {
    const { refcounts, writeback } = this.#image
    if (delta === -1) return writeback.dropReference(cluster)
    while (refcounts.tryAdd(cluster, 1) === notLoaded) await refcounts.cache.load(refcounts.missing)
  }

  /** Every cluster that the tables of an L1 table take, and that they refer to, once for each reference. */
  async #eachCluster(l1: Uint8Array, visit: (cluster: number) => Promise<void>): Promise<void> {
    const { geometry, externalData } = this.#image
    const { clusterSize, sliceSize } = geometry
    for (const table of decodeL1(l1).offsets) {
      if (table === 0) continue
      if (table % clusterSize !== 0)
        throw new BlockError('corrupt', `L2 table offset 0x${table.toString(16)} unaligned`)
      for (let at = table; at < table + clusterSize; at += sliceSize) {
        for (const { host, compressed } of await this.#slice(at)) {
          if (compressed !== undefined) {
            for (let cluster = compressed.first; cluster < compressed.end; cluster++) await visit(cluster)
          } else if (host !== undefined && !externalData) await visit(host / clusterSize)
        }
      }
      await visit(table / clusterSize)
    }
  }

  /** What the entries of a piece of an L2 table refer to. */
  async #slice(
    offset: number,
  ): Promise<{ host: number | undefined; compressed: { first: number; end: number } | undefined }[]> {
    const { l2, externalData } = this.#image
    const { clusterBits, clusterSize, l2EntrySize } = this.#image.geometry
    let slice = l2.get(offset)
    for (; slice === undefined; slice = l2.get(offset)) await l2.load(offset)
    const entries: { host: number | undefined; compressed: { first: number; end: number } | undefined }[] = []
    for (let at = 0; at < slice.bytes.byteLength; at += l2EntrySize) {
      const high = slice.view.getUint32(at)
      const low = slice.view.getUint32(at + 4)
      if ((high & compressedBit) !== 0) {
        const begin = compressedOffset(high, low, clusterBits)
        const end = Math.ceil((begin + compressedLength(high, low, clusterBits)) / clusterSize)
        entries.push({ host: undefined, compressed: { first: Math.floor(begin / clusterSize), end } })
        continue
      }
      const host = offsetOf(high, low)
      const located = host !== 0 || (externalData && (high & copiedBit) !== 0)
      if (host % clusterSize !== 0) throw new BlockError('corrupt', `Cluster offset 0x${host.toString(16)} unaligned`)
      entries.push({ host: located ? host : undefined, compressed: undefined })
    }
    return entries
  }
}
