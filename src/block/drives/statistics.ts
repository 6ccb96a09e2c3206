import { LatencyHistogram } from './latency-histogram.ts'

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

/** Counts what a guest does with a drive. */
export class DriveStatistics {
  readonly read: OperationCounts = none()
  readonly write: OperationCounts = none()
  readonly flush: OperationCounts = none()
  readonly unmap: OperationCounts = none()
  #lastAccess: number | undefined

  /** Since the last operation; undefined if there was none. */
  get idleTimeNs(): number | undefined {
    return this.#lastAccess === undefined ? undefined : Math.round((performance.now() - this.#lastAccess) * 1e6)
  }

  /** Notes the end of an operation that began at `startedAt` (as `performance.now()`). */
  done(operation: Operation, bytes: number, startedAt: number): void {
    const counts = this[operation]
    counts.bytes += bytes
    counts.operations++
    this.#took(counts, startedAt)
  }

  failed(operation: Operation, startedAt: number): void {
    const counts = this[operation]
    counts.failed++
    this.#took(counts, startedAt)
  }

  invalid(operation: Operation): void {
    this[operation].invalid++
    this.#lastAccess = performance.now()
  }

  /** Sorts operations by how long they take from now on; without boundaries (nanoseconds, rising), no more. */
  setHistogram(operation: Operation, boundaries: readonly (number | bigint)[]): void {
    this[operation].histogram = boundaries.length === 0 ? undefined : new LatencyHistogram(boundaries)
  }

  #took(counts: OperationCounts, startedAt: number): void {
    const now = performance.now()
    const nanoseconds = Math.round((now - startedAt) * 1e6)
    counts.totalTimeNs += nanoseconds
    counts.histogram?.count(nanoseconds)
    this.#lastAccess = now
  }
}

function none(): OperationCounts {
  return { bytes: 0, operations: 0, failed: 0, invalid: 0, totalTimeNs: 0, histogram: undefined }
}
