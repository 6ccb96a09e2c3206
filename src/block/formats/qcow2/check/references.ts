import { BlockError } from '../../../block-error.ts'

/** Memory for the counts: enough for a file of 16 TiB with clusters of 64 KiB. */
const mostBytes = 2 ** 30

/** How often each cluster of a file is referred to: memory goes only where references are. */
export class References {
  readonly #chunks = new Map<number, Uint32Array>()
  readonly #chunkSize: number
  #highest = -1
  /** The chunk that was asked for last: who counts goes from one cluster to its neighbour. */
  #lastKey = -1
  #last: Uint32Array | undefined

  /** @param chunkSize - clusters that are counted in one piece of memory: few, if references are far from each other */
  constructor(chunkSize = 65536) {
    this.#chunkSize = chunkSize
  }

  /** The last cluster that is referred to; -1, if none is. */
  get highest(): number {
    return this.#highest
  }

  get(cluster: number): number {
    const chunk = this.#chunkOf(Math.floor(cluster / this.#chunkSize))
    return chunk === undefined ? 0 : chunk[cluster % this.#chunkSize]!
  }

  /** Whether all clusters from one on that are counted in one piece with it are without references. */
  isBlank(cluster: number): boolean {
    return !this.#chunks.has(Math.floor(cluster / this.#chunkSize))
  }

  /** @returns the new count @throws {BlockError} kind `invalid`, if that takes too much memory */
  add(cluster: number, count: number): number {
    const key = Math.floor(cluster / this.#chunkSize)
    let chunk = this.#chunkOf(key)
    if (chunk === undefined) {
      if (this.#chunks.size * this.#chunkSize * 4 >= mostBytes) {
        throw new BlockError('invalid', 'The image is too large to be checked')
      }
      chunk = new Uint32Array(this.#chunkSize)
      this.#chunks.set(key, chunk)
      this.#last = chunk
    }
    if (cluster > this.#highest) this.#highest = cluster
    return (chunk[cluster % this.#chunkSize]! += count)
  }

  /** Every cluster that is referred to, piece by piece of memory. */
  *[Symbol.iterator](): Generator<number> {
    for (const [key, chunk] of this.#chunks) {
      for (let index = 0; index < chunk.length; index++) if (chunk[index] !== 0) yield key * this.#chunkSize + index
    }
  }

  #chunkOf(key: number): Uint32Array | undefined {
    if (key !== this.#lastKey) {
      this.#lastKey = key
      this.#last = this.#chunks.get(key)
    }
    return this.#last
  }
}
