import type { DebugEvent } from '../../graph/debug-events.ts'
import type { BlockNode } from '../../graph/node.ts'
import { setUint64, viewOf } from './big-endian.ts'
import type { Geometry } from './geometry.ts'
import { headerFields } from './header.ts'
import type { L1Table } from './l1-table.ts'
import type { ClusterRange, Quarantine } from './quarantine.ts'
import { notLoaded, type Refcounts } from './refcounts.ts'
import type { PendingWrite, TableCache } from './table-cache.ts'

export interface WritebackParts {
  readonly file: BlockNode
  /** Where the guest's bytes are. */
  readonly data: BlockNode
  readonly geometry: Geometry
  readonly l1: L1Table
  readonly l2: TableCache
  readonly refcounts: Refcounts
  readonly quarantine: Quarantine
  /** Hears of a cluster that nothing refers to any more. */
  readonly freed: (cluster: number) => void
  /** Reference counts may be wrong after a crash: the image says that it is dirty. */
  readonly lazy: () => boolean
  /** Comes before tables refer to what is not counted yet. */
  readonly beforeLazy: () => Promise<void>
}

/** So many clusters in quarantine are enough: they are worth a write of the tables. */
const manyFreed = 4096

const longestWrite = 2 ** 20
const writesAtOnce = 8

interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * Brings the tables into the file, so that a crash at any point leaves at worst clusters that are counted and not used:
 * what is counted first, then what refers to it, and only then is given back what nothing refers to any more. Between
 * one step and the next the disk has what came before.
 */
export class Writeback {
  #parts: WritebackParts
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(parts: WritebackParts) {
    this.#parts = parts
  }

  /** Other nodes have what these had; nothing waits to be written. */
  useFiles(files: Pick<WritebackParts, 'file' | 'data'>): void {
    this.#parts = { ...this.#parts, ...files }
  }

  /** Whether memory holds what the file should. */
  get pending(): boolean {
    const { l1, l2, refcounts, quarantine } = this.#parts
    return (
      l1.dirty || l2.dirtyCount > 0 || quarantine.size > 0 || refcounts.tableDirty || refcounts.cache.dirtyCount > 0
    )
  }

  /** Too much waits. */
  get crowded(): boolean {
    const { l2, refcounts, quarantine } = this.#parts
    return l2.crowded || refcounts.cache.crowded || quarantine.freshCount > manyFreed
  }

  /** Settles when everything that has changed before is in the file, if not yet on the disk. @throws {BlockError} */
  commit(): Promise<void> {
    if (!this.pending) return this.#running ?? Promise.resolve()
    if (this.#running === undefined) return this.#start(false)
    // The one that runs has taken its copies: what changed since goes with the next, for all who wait.
    this.#next ??= this.#running.then(this.#startNext, this.#startNext)
    return this.#next
  }

  /** Brings everything into the file, reference counts too if they are lazy. Nothing else than flushes may be under way. */
  async settle(): Promise<void> {
    // Counts of what is given back change when the tables have been written.
    for (;;) {
      const underWay = this.#next ?? this.#running
      if (underWay !== undefined) await underWay
      else if (this.pending) await this.#start(true)
      else return
    }
  }

  readonly #startNext = (): Promise<void> => {
    this.#next = undefined
    return this.#start(false)
  }

  #start(everything: boolean): Promise<void> {
    this.#running = this.#commit(everything).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #commit(everything: boolean): Promise<void> {
    const { l1, l2, refcounts, quarantine, file, data } = this.#parts
    const withCounts = everything || !this.#parts.lazy() || refcounts.cache.crowded
    const counts = withCounts ? refcounts.cache.takeDirty() : []
    const table = withCounts ? refcounts.takeDirtyTable() : undefined
    const tableLocation = { offset: refcounts.tableOffset, clusters: refcounts.tableClusters }
    const tableBytes = table === undefined ? [] : this.#tablePieces(table.entries, table.old.length > 0)
    const tables = l2.takeDirty()
    const top = l1.takeDirty()
    const freed = quarantine.take()
    const wroteCounts = counts.length > 0 || tableBytes.length > 0
    // New clusters may lie behind what the disk knows as the end of the file, also if nobody counts them yet.
    const grown = wroteCounts || refcounts.cache.dirtyCount > 0
    let done: 'nothing' | 'counts' | 'table' | 'tables' | 'all' = 'nothing'
    try {
      if (this.#parts.lazy() && tables.length + top.length > 0) await this.#parts.beforeLazy()
      await this.#write(counts, 'refblock_update_part')
      refcounts.cache.written(counts, 'arrived')
      done = 'counts'
      if (table !== undefined && tableBytes.length > 0) {
        await file.flush()
        const moved = table.old.length > 0
        await this.#write(tableBytes, moved ? 'refblock_alloc_write_table' : 'refblock_alloc_hookup')
        if (moved) {
          await file.flush()
          file.driver.debugEvent?.('refblock_alloc_switch_table')
          await this.#writeTableLocation(tableLocation)
        }
      }
      done = 'table'
      if (tables.length > 0) {
        if (grown) await file.flush()
        if (data !== file) await data.flush()
        await this.#write(tables, 'l2_update')
        l2.written(tables, 'arrived')
      }
      done = 'tables'
      if (top.length > 0) {
        if (grown || tables.length > 0) await file.flush()
        await this.#write(top, 'l1_update')
      }
      done = 'all'
      if (freed.length > 0) await file.flush()
    } catch (error) {
      if (done === 'nothing') refcounts.cache.written(counts, 'failed')
      if (table !== undefined && (done === 'nothing' || done === 'counts')) refcounts.restoreDirtyTable(table)
      if (done !== 'tables' && done !== 'all') l2.written(tables, 'failed')
      if (done !== 'all') l1.restoreDirty(top)
      quarantine.restore(freed)
      throw error
    }
    quarantine.written(freed)
    for (const { offset, clusters } of table?.old ?? []) {
      quarantine.written([{ first: offset / this.#parts.geometry.clusterSize, count: clusters }])
    }
    await this.#giveBack(quarantine.release())
  }

  /** Clusters that nothing refers to lose a reference. */
  async #giveBack(ranges: readonly ClusterRange[]): Promise<void> {
    await this.#discard(ranges.filter(({ discard }) => discard === true))
    for (const { first, count } of ranges) {
      this.#parts.file.driver.debugEvent?.('cluster_free')
      for (let cluster = first; cluster < first + count; cluster++) await this.dropReference(cluster)
    }
  }

  /** Tells the storage of clusters that are about to be free, of those that touch at once: before anybody can take them. */
  async #discard(ranges: readonly ClusterRange[]): Promise<void> {
    const { file, refcounts, geometry } = this.#parts
    let [begin, end] = [0, 0]
    const tell = async (): Promise<void> => {
      const length = Math.min(end * geometry.clusterSize, file.length) - begin * geometry.clusterSize
      if (length > 0) await file.discard(begin * geometry.clusterSize, length)
    }
    for (const { first, count } of [...ranges].sort((a, b) => a.first - b.first)) {
      for (let cluster = first; cluster < first + count; cluster++) {
        let counted = refcounts.peek(cluster)
        for (; counted === notLoaded; counted = refcounts.peek(cluster)) await refcounts.cache.load(refcounts.missing)
        if (counted !== 1) continue
        if (cluster !== end) {
          await tell()
          begin = cluster
        }
        end = cluster + 1
      }
    }
    await tell()
  }

  /** Counts one reference to a cluster less. @throws {BlockError} kind `corrupt`, if none was counted */
  async dropReference(cluster: number): Promise<void> {
    const { refcounts, freed } = this.#parts
    for (;;) {
      const count = refcounts.tryAdd(cluster, -1)
      if (count === 0) freed(cluster)
      if (count !== notLoaded) return
      await refcounts.cache.load(refcounts.missing)
    }
  }

  #tablePieces(entries: readonly number[], moved: boolean): Piece[] {
    const { refcounts } = this.#parts
    if (moved) return [{ offset: refcounts.tableOffset, bytes: refcounts.encode() }]
    const units = new Set(entries.map((entry) => Math.floor(entry / 64)))
    return [...units].map((unit) => ({
      offset: refcounts.tableOffset + unit * 512,
      bytes: refcounts.encode(unit * 64, Math.min(64, refcounts.blocks.length - unit * 64)),
    }))
  }

  #writeTableLocation({ offset, clusters }: { offset: number; clusters: number }): Promise<void> {
    const bytes = new Uint8Array(12)
    const view = viewOf(bytes)
    setUint64(view, 0, offset)
    view.setUint32(8, clusters)
    return this.#parts.file.write(headerFields.refcountTableOffset, bytes)
  }

  /** Writes pieces, those that touch as one, several at once. */
  async #write(pieces: readonly (Piece | PendingWrite)[], event: DebugEvent): Promise<void> {
    const { file } = this.#parts
    const writes = joined(pieces)
    if (writes.length > 0) file.driver.debugEvent?.(event)
    let next = 0
    const worker = async (): Promise<void> => {
      for (let write = writes[next++]; write !== undefined; write = writes[next++]) {
        await file.write(write.offset, write.bytes, { grow: true })
      }
    }
    const outcomes = await Promise.allSettled(Array.from({ length: Math.min(writesAtOnce, writes.length) }, worker))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}

/** Pieces that touch become one; they come in the order of the file. */
function joined(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = []
  for (let index = 0; index < pieces.length; ) {
    const first = pieces[index]!
    let length = first.bytes.byteLength
    let end = index + 1
    for (; end < pieces.length; end++) {
      const { offset, bytes } = pieces[end]!
      if (offset !== first.offset + length || length + bytes.byteLength > longestWrite) break
      length += bytes.byteLength
    }
    if (end === index + 1) result.push(first)
    else result.push({ offset: first.offset, bytes: concatenate(pieces.slice(index, end), length) })
    index = end
  }
  return result
}

function concatenate(pieces: readonly Piece[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece.bytes, at)
    at += piece.bytes.byteLength
  }
  return bytes
}
