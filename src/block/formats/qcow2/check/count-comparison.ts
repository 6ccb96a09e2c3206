import { viewOf } from '../big-endian.ts'
import { refcountWidth } from '../refcount-width.ts'
import type { CheckedImage } from './checked-image.ts'
import type { Findings } from './findings.ts'
import { isReadable } from './refcount-blocks.ts'
import type { ReferenceWalk } from './reference-walk.ts'

/** What the file counts, beside what is used. */
export class CountComparison {
  /** Counts in the file that are not the number of references, by cluster. */
  readonly differences = new Map<number, number>()
  /** The digits of those that numbers do not hold. */
  readonly #exact = new Map<number, string>()
  readonly #image: CheckedImage
  readonly #walk: ReferenceWalk
  readonly #findings: Findings
  /** The block that was found readable last. */
  #readable = -1
  /** The block that was looked into last, of those that count what is behind the end of the file. */
  #last: { readonly index: number; readonly view: DataView } | undefined

  constructor(image: CheckedImage, walk: ReferenceWalk, findings: Findings) {
    this.#image = image
    this.#walk = walk
    this.#findings = findings
  }

  async run(): Promise<void> {
    const { refcountsPerBlock, refcountBits } = this.#image.geometry
    const walk = this.#walk
    const width = refcountWidth(refcountBits)
    let highest = 0
    for (let first = 0; first < walk.clusters; first += refcountsPerBlock) {
      const index = first / refcountsPerBlock
      const { offset } = walk.blocks[index] ?? noBlock
      if (offset === 0 && walk.references.isBlank(first) && refcountsPerBlock <= 65536) continue
      const end = Math.min(first + refcountsPerBlock, walk.clusters)
      const view = await this.#block(index)
      for (let cluster = first; cluster < end; cluster++) {
        if (view === undefined) {
          this.#findings.tell(`Can't get refcount for cluster ${cluster}: Input/output error`)
          this.#findings.checkErrors++
          continue
        }
        const counted = width.get(view, cluster - first)
        const used = walk.counted(cluster)
        if (counted > 0 || used > 0) highest = cluster
        if (counted === used) continue
        this.differences.set(cluster, counted)
        if (counted > Number.MAX_SAFE_INTEGER) this.#exact.set(cluster, width.text(view, cluster - first))
        this.#findings.tell(this.textOf(cluster))
        if (counted < used) this.#findings.corrupt()
        else this.#findings.leaks++
      }
    }
    this.#findings.end = (highest + 1) * this.#image.geometry.clusterSize
  }

  /** What is said of a cluster whose count is wrong. */
  textOf(cluster: number, repairs = false): string {
    const counted = this.differences.get(cluster)!
    const used = this.#walk.counted(cluster)
    const word = repairs ? 'Repairing' : counted < used ? 'ERROR' : 'Leaked'
    return `${word} cluster ${cluster} refcount=${this.#exact.get(cluster) ?? counted} reference=${used}`
  }

  /** A cluster's count in the file; undefined, if it cannot be read. */
  count(cluster: number): number | undefined | Promise<number | undefined> {
    const { refcountsPerBlock, clusterSize } = this.#image.geometry
    const index = Math.floor(cluster / refcountsPerBlock)
    // Neighbours are asked for one after the other.
    if (index !== this.#readable) {
      if (!isReadable(this.#walk.blocks[index] ?? noBlock, clusterSize)) return undefined
      this.#readable = index
    }
    if (cluster < this.#walk.clusters) {
      const different = this.differences.size > 0 ? this.differences.get(cluster) : undefined
      return different ?? this.#walk.counted(cluster)
    }
    return this.#countBehind(index, cluster % refcountsPerBlock)
  }

  async #countBehind(index: number, entry: number): Promise<number | undefined> {
    const { refcountBits } = this.#image.geometry
    if ((this.#walk.blocks[index]?.offset ?? 0) === 0) return 0
    if (this.#last?.index !== index) this.#last = { index, view: (await this.#block(index))! }
    return refcountWidth(refcountBits).get(this.#last.view, entry)
  }

  /** Undefined, if the block is nowhere. */
  async #block(index: number): Promise<DataView | undefined> {
    const { file, geometry } = this.#image
    const block = this.#walk.blocks[index] ?? noBlock
    if (!isReadable(block, geometry.clusterSize)) return undefined
    const { offset } = block
    return viewOf(offset === 0 ? new Uint8Array(geometry.clusterSize) : await file.read(offset, geometry.clusterSize))
  }
}

const noBlock = { offset: 0 }
