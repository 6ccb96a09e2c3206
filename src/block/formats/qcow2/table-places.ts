import { largestL1 } from './create.ts'
import type { Geometry } from './geometry.ts'
import { damaged, type Header } from './header.ts'
import { mostSnapshots, type SnapshotEntry, snapshotEntrySize } from './snapshot-table.ts'

/** Where a file can end at most: what lies further away is only ever looked at, and never there. */
const farthest = 2 ** 63

export interface TableLimits {
  /** In bytes. */
  readonly largest: number
  readonly clusterSize: number
  /** The image is to be checked. */
  readonly forCheck?: boolean
}

/** @throws {BlockError} kind `corrupt`, if a table is too large, or where none can be */
export function checkTable(what: string, offset: number, bytes: number, limits: TableLimits): void {
  const { largest, clusterSize, forCheck = false } = limits
  if (bytes > largest) throw damaged(`${what} too large`, { code: 'EFBIG' })
  const last = forCheck ? farthest : Number.MAX_SAFE_INTEGER
  if (offset + bytes > last || offset % clusterSize !== 0) throw damaged(`${what} offset invalid`)
}

/** @param what - how the error is to call it @throws {BlockError} kind `corrupt` */
export function checkSnapshotTable(what: string, header: Header, limits: Omit<TableLimits, 'largest'>): void {
  const { snapshotsOffset, snapshotCount } = header
  const largest = mostSnapshots * snapshotEntrySize
  checkTable(what, snapshotsOffset, snapshotCount * snapshotEntrySize, { ...limits, largest })
}

/** @throws {BlockError} kind `corrupt`, if a snapshot's L1 table is too large, or where none can be */
export function checkSnapshotL1({ l1Offset, l1Size }: SnapshotEntry, { clusterSize }: Geometry): void {
  checkTable('Snapshot L1 table', l1Offset, l1Size * 8, { largest: largestL1, clusterSize })
}
