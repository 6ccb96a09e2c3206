/** Counts operations by how long they took: one bin below each boundary, and one above the last. */
export class LatencyHistogram {
  readonly boundaries: readonly (number | bigint)[]
  readonly bins: number[]

  /** @param boundaries - nanoseconds, rising; see `areBoundaries()` */
  constructor(boundaries: readonly (number | bigint)[]) {
    this.boundaries = boundaries
    this.bins = new Array<number>(boundaries.length + 1).fill(0)
  }

  count(nanoseconds: number): void {
    const bin = this.boundaries.findIndex((boundary) => nanoseconds < boundary)
    this.bins[bin < 0 ? this.boundaries.length : bin]!++
  }
}

/** Whether numbers can be boundaries: above 0, and each above the one before. */
export function areBoundaries(numbers: readonly (number | bigint)[]): boolean {
  return numbers.every((number, index) => number > (index === 0 ? 0 : numbers[index - 1]!))
}
