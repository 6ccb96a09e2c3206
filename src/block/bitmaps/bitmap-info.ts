import type { NodeBitmaps } from './node-bitmaps.ts'

/** A bitmap as query-block shows it (QAPI's BlockDirtyInfo). */
export interface BitmapInfo {
  readonly name?: string
  readonly count: number
  readonly granularity: number
  readonly recording: boolean
  readonly busy: boolean
  readonly persistent: boolean
  readonly inconsistent?: boolean
}

/** The bitmaps of a node, the newest first. */
export function bitmapInfo(bitmaps: NodeBitmaps): BitmapInfo[] {
  return [...bitmaps].map((bitmap) => ({
    ...(bitmap.name !== undefined && { name: bitmap.name }),
    count: bitmap.dirtyBytes,
    granularity: bitmap.granularity,
    recording: bitmap.recording || bitmap.successor?.recording === true,
    busy: bitmap.is('busy'),
    persistent: bitmap.persistent,
    ...(bitmap.is('inconsistent') && { inconsistent: true }),
  }))
}
