import { encodeSnapshots } from '../snapshot-table.ts'
import type { Examination } from './examine.ts'
import { FreeSpace } from './free-space.ts'

/** Writes the table of snapshots anew, with what could be understood of it. */
export async function mendSnapshots({ image, walk, snapshots, findings, counts }: Examination): Promise<void> {
  const { clusterSize } = image.geometry
  if (findings.blind || !walk.isOnly(0, clusterSize)) return
  const bytes = encodeSnapshots(snapshots.entries)
  const clusters = Math.ceil(bytes.byteLength / clusterSize)
  const offset =
    clusters === 0 ? 0 : new FreeSpace(walk, (cluster) => counts.differences.has(cluster)).take(clusters) * clusterSize
  if (clusters > 0) await image.file.write(offset, bytes)
  await image.changeHeader({ snapshotCount: snapshots.entries.length, snapshotsOffset: offset })
}
