const mostRanges = 256

/** What the other side says that it has although something before it is missing (RFC 2018). */
export class Scoreboard {
  /** In order, with gaps between them. */
  #ranges: [number, number][] = []

  get empty(): boolean {
    return this.#ranges.length === 0
  }

  /** Behind the last byte that is known to be there. */
  get highest(): number {
    return this.#ranges.at(-1)?.[1] ?? 0
  }

  /** @returns whether that is new */
  add(from: number, to: number): boolean {
    if (from >= to) return false
    const ranges = this.#ranges
    if (ranges.some(([begin, end]) => begin <= from && to <= end)) return false
    let [begin, end] = [from, to]
    const kept: [number, number][] = []
    for (const range of ranges) {
      if (range[1] < begin || range[0] > end) kept.push(range)
      else [begin, end] = [Math.min(begin, range[0]), Math.max(end, range[1])]
    }
    if (kept.length >= mostRanges) return false
    const index = kept.findIndex((range) => range[0] > begin)
    kept.splice(index < 0 ? kept.length : index, 0, [begin, end])
    this.#ranges = kept
    return true
  }

  /** All before a place has been acknowledged. */
  release(to: number): void {
    while (this.#ranges.length > 0 && this.#ranges[0]![1] <= to) this.#ranges.shift()
    const first = this.#ranges[0]
    if (first !== undefined && first[0] < to) first[0] = to
  }

  clear(): void {
    this.#ranges = []
  }

  /** The first run from a place on of which nothing is known; it ends where known bytes begin, or never. */
  gap(from: number): [number, number] {
    let begin = from
    for (const [start, end] of this.#ranges) {
      if (end <= begin) continue
      if (start > begin) return [begin, start]
      begin = end
    }
    return [begin, Number.POSITIVE_INFINITY]
  }
}
