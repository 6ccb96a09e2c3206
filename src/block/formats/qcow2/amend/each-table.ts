import { viewOf } from '../big-endian.ts'
import type { Image } from '../image.ts'
import { offsetOf } from '../l2-entry.ts'
import { checkSnapshotL1 } from '../table-places.ts'

/** An L2 table of an image, or of one of its snapshots. */
export interface FoundTable {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Whether what the guest sees now is in it. */
  readonly active: boolean
}

/**
 * Each L2 table once, those of what the guest sees first. The file has what memory has.
 *
 * @param done - hears after each entry of the active L1 table, how many there are
 */
export async function* eachTable(image: Image, done?: (entry: number, of: number) => void): AsyncGenerator<FoundTable> {
  const { file, l1, snapshots, geometry } = image
  const seen = new Set<number>()
  const tops = [{ bytes: l1.encode(), active: true }]
  for (const entry of snapshots.entries) {
    const { l1Offset, l1Size } = entry
    checkSnapshotL1(entry, geometry)
    tops.push({ bytes: await file.read(l1Offset, l1Size * 8), active: false })
  }
  const total = tops.reduce((sum, { bytes }) => sum + bytes.byteLength / 8, 0)
  let entry = 0
  for (const { bytes: top, active } of tops) {
    const view = viewOf(top)
    for (let at = 0; at < top.byteLength; at += 8) {
      const offset = offsetOf(view.getUint32(at), view.getUint32(at + 4))
      if (offset !== 0 && !seen.has(offset)) {
        seen.add(offset)
        const bytes = await file.read(offset, geometry.clusterSize)
        yield { offset, bytes, view: viewOf(bytes), active }
      }
      done?.(++entry, total)
    }
  }
}
