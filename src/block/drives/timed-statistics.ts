import type { Operation } from './statistics.ts'
import { TimedAverage } from './timed-average.ts'

/** How long requests took, by their operation, within an interval that ends now (QAPI's BlockDeviceTimedStats). */
export type BlockDeviceTimedStats = ReturnType<TimedStatistics['at']>

/** What of the operations is told. */
type Timed = Exclude<Operation, 'unmap'>

/** Counts how long requests take within an interval. All times are nanoseconds. */
export class TimedStatistics {
  readonly #seconds: number
  readonly #averages: Readonly<Record<Timed, TimedAverage>>

  constructor(seconds: number, now: number) {
    this.#seconds = seconds
    const average = (): TimedAverage => new TimedAverage(seconds * 1e9, now)
    this.#averages = { read: average(), write: average(), flush: average() }
  }

  count(operation: Timed, latency: number, now: number): void {
    this.#averages[operation].count(latency, now)
  }

  at(now: number) {
    const { read, write, flush } = this.#averages
    return {
      interval_length: this.#seconds,
      ...latencies('rd', read, now),
      ...latencies('wr', write, now),
      ...latencies('flush', flush, now),
      avg_rd_queue_depth: depth(read, now),
      avg_wr_queue_depth: depth(write, now),
    }
  }
}

function latencies<const K extends string>(name: K, average: TimedAverage, now: number) {
  const { least, greatest, average: mean } = average.at(now)
  return {
    [`min_${name}_latency_ns`]: least,
    [`max_${name}_latency_ns`]: greatest,
    [`avg_${name}_latency_ns`]: mean,
  } as Record<`${'min' | 'max' | 'avg'}_${K}_latency_ns`, number>
}

/** How many requests were under way at the same time, on average. */
function depth(average: TimedAverage, now: number): number {
  const { sum, elapsed } = average.sumAt(now)
  return elapsed > 0 ? sum / elapsed : 0
}
