/** What was done in one direction. */
export interface OperationCounts {
  bytes: number
  operations: number
  failed: number
  /** From the guest's request to its end, in nanoseconds, all operations together. */
  totalTimeNs: number
}

export type Operation = 'read' | 'write' | 'flush'

/** Counts what a guest does with a drive. */
export class DriveStatistics {
  readonly read: OperationCounts = none()
  readonly write: OperationCounts = none()
  readonly flush: OperationCounts = none()

  /** Notes the end of an operation that began at `startedAt` (as `performance.now()`). */
  done(operation: Operation, bytes: number, startedAt: number): void {
    const counts = this[operation]
    counts.bytes += bytes
    counts.operations++
    counts.totalTimeNs += Math.round((performance.now() - startedAt) * 1e6)
  }

  failed(operation: Operation, startedAt: number): void {
    const counts = this[operation]
    counts.failed++
    counts.totalTimeNs += Math.round((performance.now() - startedAt) * 1e6)
  }
}

function none(): OperationCounts {
  return { bytes: 0, operations: 0, failed: 0, totalTimeNs: 0 }
}
