import { BlockError } from '../../block-error.ts'

const chunkSize = 65536
/** Memory for the counts: enough for a file of 16 TiB with clusters of 64 KiB. */
const mostChunks = 4096

/** How often each cluster of a file is referred to: memory goes only where references are. */
export class References {
  readonly #chunks = new Map<number, Uint32Array>()
  /** Clusters of the file: a reference to one behind them is damage. */
  readonly clusters: number
  #highest = -1
  /** The chunk that was asked for last: who counts goes from one cluster to its neighbour. */
  #lastKey = -1
  #last: Uint32Array | undefined

  constructor(clusters: number) {
    this.clusters = clusters
  }

  /** The last cluster that is referred to. */
  get highest(): number {
    return this.#highest
  }

  get(cluster: number): number {
    const chunk = this.#chunkOf(Math.floor(cluster / chunkSize))
    return chunk === undefined ? 0 : chunk[cluster % chunkSize]!
  }

  /** Whether all clusters of a stretch of 65536 are without references: it can be passed over. */
  isBlank(cluster: number): boolean {
    return !this.#chunks.has(Math.floor(cluster / chunkSize))
  }

  /** @throws {BlockError} kind `invalid`, if that takes too much memory */
  add(cluster: number, count: number): void {
    const key = Math.floor(cluster / chunkSize)
    let chunk = this.#chunkOf(key)
    if (chunk === undefined) {
      if (this.#chunks.size === mostChunks) throw new BlockError('invalid', 'The image is too large to be checked')
      chunk = new Uint32Array(chunkSize)
      this.#chunks.set(key, chunk)
      this.#last = chunk
    }
    chunk[cluster % chunkSize]! += count
    if (cluster > this.#highest) this.#highest = cluster
  }

  #chunkOf(key: number): Uint32Array | undefined {
    if (key !== this.#lastKey) {
      this.#lastKey = key
      this.#last = this.#chunks.get(key)
    }
    return this.#last
  }
}
