import { viewOf } from '../big-endian.ts'
import { compressedBit, copiedBit, isAligned, offsetOf, zeroBit } from '../l2-entry.ts'
import type { Examination } from './examine.ts'
import { isTable } from './ownership.ts'

/** Bits that an entry of an L1 table, or of an L2 table, may have set. */
const meaningful = { high: 0x80ff_ffff, low: 0xffff_fe00 } as const

/**
 * Mends entries that are wrong in a way that leaves no doubt: what they lead to stays what it is. A table is left alone
 * whose bytes are something else, too.
 */
export async function mendEntries({ image, walk, snapshots }: Examination): Promise<void> {
  const { file, header, geometry } = image
  const { clusterSize } = geometry
  const tops = [{ l1Offset: header.l1Offset, l1Size: header.l1Size }, ...snapshots.entries]
  for (const { l1Offset, l1Size } of tops) {
    const length = l1Size * 8
    const usable = l1Offset % clusterSize === 0 && l1Offset + length <= file.length && length > 0
    if (!usable || !walk.isOnly(l1Offset, length)) continue
    const bytes = await file.read(l1Offset, length)
    if (clearReserved(bytes)) await file.write(l1Offset, bytes)
  }
  for (const offset of walk.tables.keys()) {
    if (offset >= file.length || !isTable(walk, offset, clusterSize)) continue
    const bytes = await file.read(offset, clusterSize)
    const view = viewOf(bytes)
    let changed = false
    for (let at = 0; at < clusterSize; at += geometry.l2EntrySize) {
      const plain = geometry.l2EntrySize === 8
      if (plain ? mendPlain(view, at, clusterSize, header.version) : mendExtended(view, at, clusterSize)) changed = true
    }
    if (changed) await file.write(offset, bytes)
  }
}

function clearReserved(bytes: Uint8Array): boolean {
  const view = viewOf(bytes)
  let changed = false
  for (let at = 0; at < bytes.byteLength; at += 8) {
    const [high, low] = [view.getUint32(at) & meaningful.high, view.getUint32(at + 4) & meaningful.low]
    const nowhere = offsetOf(high, low) === 0
    if (set(view, at, nowhere ? 0 : high, low)) changed = true
  }
  return changed
}

function mendPlain(view: DataView, at: number, clusterSize: number, version: 2 | 3): boolean {
  const [high, low] = [view.getUint32(at), view.getUint32(at + 4)]
  if ((high & compressedBit) !== 0) return set(view, at, high & ~copiedBit, low)
  const zero = low & zeroBit
  // A place for data that nobody has written: it reads as zeroes without it.
  if (zero !== 0 && version > 2 && !isAligned(low, clusterSize)) return set(view, at, 0, zeroBit)
  return set(view, at, high & meaningful.high, (low & meaningful.low) | zero)
}

function mendExtended(view: DataView, at: number, clusterSize: number): boolean {
  const [high, low] = [view.getUint32(at), view.getUint32(at + 4)]
  if ((high & compressedBit) !== 0) return set(view, at, high & ~copiedBit, low)
  const [zero, allocated] = [view.getUint32(at + 8), view.getUint32(at + 12)]
  const located = offsetOf(high, low) !== 0
  // What is said to be both data and zeroes is zeroes.
  const changed = located && set(view, at + 8, zero, allocated & ~zero)
  if (located && allocated === 0 && !isAligned(low, clusterSize)) return set(view, at, 0, 0) || changed
  return set(view, at, high & meaningful.high, low & meaningful.low) || changed
}

/** @returns whether that is a change */
function set(view: DataView, at: number, high: number, low: number): boolean {
  if (view.getUint32(at) === high >>> 0 && view.getUint32(at + 4) === low >>> 0) return false
  view.setUint32(at, high >>> 0)
  view.setUint32(at + 4, low >>> 0)
  return true
}
