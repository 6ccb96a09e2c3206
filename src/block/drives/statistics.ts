import type { Accounting } from './accounting.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { type BlockDeviceTimedStats, TimedStatistics } from './timed-statistics.ts'

/** What was done in one direction. */
export interface OperationCounts {
  bytes: number
  operations: number
  failed: number
  /** Refused before they reached the image: outside of it, say. */
  invalid: number
  /** From the guest's request to its end, in nanoseconds, all operations together. */
  totalTimeNs: number
  /** How long operations take; only if somebody asked for it. */
  histogram: LatencyHistogram | undefined
}

export type Operation = 'read' | 'write' | 'flush' | 'unmap'

export interface StatisticsOptions extends Accounting {
  /** How long each request is said to take, in nanoseconds; undefined for as long as it takes. */
  readonly latencyNs?: number | undefined
}

const countsAll: Accounting = { invalid: true, failed: true, intervals: [] }

/** Counts what a guest does with a drive. */
export class DriveStatistics {
  readonly read: OperationCounts = none()
  readonly write: OperationCounts = none()
  readonly flush: OperationCounts = none()
  readonly unmap: OperationCounts = none()
  readonly #latencyNs: number | undefined
  readonly #timed: readonly TimedStatistics[]
  #invalid: boolean
  #failed: boolean
  #lastAccess: number | undefined

  constructor({ invalid, failed, intervals, latencyNs }: StatisticsOptions = countsAll) {
    this.#invalid = invalid
    this.#failed = failed
    this.#latencyNs = latencyNs
    this.#timed = intervals.map((seconds) => new TimedStatistics(seconds, nanoseconds()))
  }

  /** Whether invalid and failed requests count, beside their own counters. */
  get accounts(): Pick<Accounting, 'invalid' | 'failed'> {
    return { invalid: this.#invalid, failed: this.#failed }
  }

  /** Lets them count, or not, where something is said. */
  account({ invalid = this.#invalid, failed = this.#failed }: Partial<Pick<Accounting, 'invalid' | 'failed'>>): void {
    this.#invalid = invalid
    this.#failed = failed
  }

  /** Since the last operation; undefined if there was none. */
  get idleTimeNs(): number | undefined {
    return this.#lastAccess === undefined ? undefined : Math.round(nanoseconds() - this.#lastAccess)
  }

  /** Of each interval that statistics are kept of. */
  get timed(): BlockDeviceTimedStats[] {
    const now = nanoseconds()
    return this.#timed.map((one) => one.at(now))
  }

  /** Notes the end of an operation that began at `startedAt` (as `performance.now()`). */
  done(operation: Operation, bytes: number, startedAt: number): void {
    const counts = this[operation]
    counts.bytes += bytes
    counts.operations++
    this.#took(operation, startedAt, true)
  }

  failed(operation: Operation, startedAt: number): void {
    this[operation].failed++
    this.#took(operation, startedAt, this.#failed)
  }

  invalid(operation: Operation): void {
    this[operation].invalid++
    if (this.#invalid) this.#lastAccess = nanoseconds()
  }

  /** Sorts operations by how long they take from now on; without boundaries (nanoseconds, rising), no more. */
  setHistogram(operation: Operation, boundaries: readonly (number | bigint)[]): void {
    this[operation].histogram = boundaries.length === 0 ? undefined : new LatencyHistogram(boundaries)
  }

  #took(operation: Operation, startedAt: number, accounted: boolean): void {
    const counts = this[operation]
    const now = nanoseconds()
    const latency = this.#latencyNs ?? Math.round(now - startedAt * 1e6)
    counts.histogram?.count(latency)
    if (!accounted) return
    counts.totalTimeNs += latency
    this.#lastAccess = now
    if (operation !== 'unmap') for (const one of this.#timed) one.count(operation, latency, now)
  }
}

function nanoseconds(): number {
  return performance.now() * 1e6
}

function none(): OperationCounts {
  return { bytes: 0, operations: 0, failed: 0, invalid: 0, totalTimeNs: 0, histogram: undefined }
}
