/** Clusters in a row. */
export interface ClusterRange {
  readonly first: number
  readonly count: number
  /** Somebody wanted the space back: the storage hears of it. */
  readonly discard?: boolean
}

/**
 * Clusters that nothing refers to any more. They may be used again when the file says so too, and when the requests
 * have ended that began while they were in use: one of them could still write there.
 */
export class Quarantine {
  /** Requests under way that began before and after the last change of generation. */
  readonly #running: [number, number] = [0, 0]
  #generation: 0 | 1 = 0
  /** Given up in memory only. */
  #fresh: ClusterRange[] = []
  /** Given up in the file too. */
  #written: ClusterRange[] = []
  /** Given up in the file; only older requests may know them. */
  #waiting: ClusterRange[] = []

  /** A request begins; what this returns goes to `leave()`. */
  enter(): 0 | 1 {
    this.#running[this.#generation]++
    return this.#generation
  }

  leave(generation: 0 | 1): void {
    this.#running[generation]--
  }

  add(range: ClusterRange): void {
    this.#fresh.push(range)
  }

  /** How many ranges wait. */
  get size(): number {
    return this.#fresh.length + this.#written.length + this.#waiting.length
  }

  get freshCount(): number {
    return this.#fresh.length
  }

  /** What has been given up so far; it goes to `written()` when the file says so, or back. */
  take(): ClusterRange[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }

  restore(ranges: readonly ClusterRange[]): void {
    this.#fresh.unshift(...ranges)
  }

  written(ranges: readonly ClusterRange[]): void {
    this.#written.push(...ranges)
  }

  /** What may be used again by now; it belongs to the caller. */
  release(): ClusterRange[] {
    const ripe: ClusterRange[] = []
    for (let round = 0; round < 2; round++) {
      if (this.#running[this.#other] > 0) break
      ripe.push(...this.#waiting)
      this.#waiting = this.#written
      this.#written = []
      if (this.#waiting.length === 0) break
      this.#generation = this.#other
    }
    return ripe
  }

  get #other(): 0 | 1 {
    return this.#generation === 0 ? 1 : 0
  }
}
