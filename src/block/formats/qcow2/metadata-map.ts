import { damaged } from './header.ts'

/** What a cluster of the file holds besides guest bytes, as QEMU calls it. */
export type MetadataKind =
  | 'qcow2_header'
  | 'active L1 table'
  | 'active L2 table'
  | 'refcount table'
  | 'refcount block'
  | 'snapshot table'
  | 'inactive L1 table'
  | 'encryption header'
  | 'bitmap directory'

export interface MetadataRange {
  readonly offset: number
  readonly length: number
  readonly kind: MetadataKind
}

/**
 * Which clusters hold the image's own tables. No guest byte is ever written there, whatever a damaged or hostile table
 * says: its guest could otherwise write a header that names any file of the host as backing file. Who opens the image
 * can ask for less (`overlap-check`).
 */
export class MetadataMap {
  readonly #clusterSize: number
  #guarded: ReadonlySet<MetadataKind>
  readonly #collect: () => Iterable<MetadataRange>
  #kinds: Map<number, MetadataKind> | undefined

  /**
   * @param guarded - kinds of tables to look at; the others may be hit
   * @param collect - names all tables, when the map is made for the first write, and after `reset()`
   */
  constructor(clusterSize: number, guarded: ReadonlySet<MetadataKind>, collect: () => Iterable<MetadataRange>) {
    this.#clusterSize = clusterSize
    this.#guarded = guarded
    this.#collect = collect
  }

  /** @throws {BlockError} kind `corrupt`, if a write to this range would hit a table */
  checkWrite(offset: number, length: number): void {
    const kinds = this.#known()
    const end = (offset + length) / this.#clusterSize
    for (let cluster = Math.floor(offset / this.#clusterSize); cluster < end; cluster++) {
      const kind = kinds.get(cluster)
      if (kind !== undefined) {
        throw damaged(`Preventing invalid write on metadata (overlaps with ${kind})`, { offset, length })
      }
    }
  }

  /** Other kinds are looked at from now on. @returns what takes that back */
  guard(kinds: ReadonlySet<MetadataKind>): () => void {
    const before = this.#guarded
    const use = (wanted: ReadonlySet<MetadataKind>): void => {
      this.#guarded = wanted
      this.reset()
    }
    use(kinds)
    return () => use(before)
  }

  /** A table takes clusters that were free. */
  add({ offset, length, kind }: MetadataRange): void {
    if (this.#kinds !== undefined) this.#mark(this.#kinds, { offset, length, kind })
  }

  /** A cluster holds nothing any more. */
  delete(cluster: number): void {
    this.#kinds?.delete(cluster)
  }

  /** Tables have moved: look anew. */
  reset(): void {
    this.#kinds = undefined
  }

  #known(): Map<number, MetadataKind> {
    if (this.#kinds !== undefined) return this.#kinds
    const kinds = new Map<number, MetadataKind>()
    for (const range of this.#collect()) this.#mark(kinds, range)
    return (this.#kinds = kinds)
  }

  #mark(kinds: Map<number, MetadataKind>, { offset, length, kind }: MetadataRange): void {
    if (!this.#guarded.has(kind)) return
    const end = (offset + length) / this.#clusterSize
    for (let cluster = Math.floor(offset / this.#clusterSize); cluster < end; cluster++) {
      const other = kinds.get(cluster)
      if (other !== undefined && other !== kind) {
        throw damaged(`Preventing invalid write on ${kind} (overlaps with ${other})`)
      }
      kinds.set(cluster, kind)
    }
  }
}
