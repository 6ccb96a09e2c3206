import { viewOf } from '../big-endian.ts'
import { compressedBit, copiedBit, offsetOf } from '../l2-entry.ts'
import type { CheckedImage } from './checked-image.ts'
import type { CountComparison } from './count-comparison.ts'
import { hex } from './findings.ts'
import type { ReferenceWalk } from './reference-walk.ts'

/** Entries of the active tables say whether they are the only ones to refer to a cluster. */
export interface OwnershipParts {
  readonly image: CheckedImage
  readonly walk: ReferenceWalk
  readonly counts: CountComparison
}

/** What is said of an entry that does not say rightly if a cluster is its alone. */
export function ownershipText({ kind, view, at, count }: ActiveEntry, repairs = false): string {
  const word = repairs ? 'Repairing' : 'ERROR'
  const text = hex(view.getBigUint64(at))
  return kind === 'table'
    ? `${word} OFLAG_COPIED L2 cluster: l1_index=${at / 8} l1_entry=${text} refcount=${count}`
    : `${word} OFLAG_COPIED data cluster: l2_entry=${text} refcount=${count}`
}

/**
 * Lets the active tables say so. A table is left alone whose bytes are something else than entries, too, and so is an
 * entry whose cluster is not counted as often as it is used: others may have it.
 */
export async function mendOwnership(parts: OwnershipParts, report?: (text: string) => void): Promise<void> {
  const { walk } = parts
  await eachActiveEntry(parts, (entry) => {
    const used = walk.references.get(entry.cluster) + walk.touches.get(entry.cluster)
    const repairs = parts.image.externalData || entry.count === used
    report?.(ownershipText(entry, repairs))
    return repairs
  })
}

/** An entry of an active table whose flag is wrong. */
interface ActiveEntry {
  readonly kind: 'table' | 'data'
  readonly view: DataView
  readonly at: number
  /** What it refers to. */
  readonly cluster: number
  /** How often that is counted. */
  readonly count: number
}

/**
 * Looks whether the active tables say rightly of each cluster if it is theirs alone.
 *
 * @param visit - is shown each entry that is wrong; whether it is to be changed
 */
export async function eachActiveEntry(parts: OwnershipParts, visit: (entry: ActiveEntry) => boolean): Promise<void> {
  const { image, walk, counts } = parts
  const { file, geometry, externalData, header } = image
  const { clusterSize, l2EntrySize } = geometry
  const l1 = viewOf(walk.l1)
  let l1Changed = false
  for (let index = 0; index < l1.byteLength; index += 8) {
    const high = l1.getUint32(index)
    const offset = offsetOf(high, l1.getUint32(index + 4))
    if (offset === 0) continue
    const cluster = image.clusterOf(offset)
    const count = await counts.count(cluster)
    if (count === undefined) continue
    if ((count === 1) !== ((high & copiedBit) !== 0)) {
      if (visit({ kind: 'table', view: l1, at: index, cluster, count })) l1Changed = flip(l1, index)
    }
    if (offset >= file.length) continue
    const bytes = await file.read(offset, clusterSize)
    const view = viewOf(bytes)
    let changed = false
    for (let at = 0; at < clusterSize; at += l2EntrySize) {
      const dataHigh = view.getUint32(at)
      const host = offsetOf(dataHigh, view.getUint32(at + 4))
      if ((dataHigh & compressedBit) !== 0 || (host === 0 && !(externalData && (dataHigh & copiedBit) !== 0))) continue
      const data = Math.floor(host / clusterSize)
      const answer = externalData ? 1 : counts.count(data)
      const dataCount = typeof answer === 'object' ? await answer : answer
      if (dataCount === undefined || (dataCount === 1) === ((dataHigh & copiedBit) !== 0)) continue
      if (visit({ kind: 'data', view, at, cluster: data, count: dataCount })) changed = flip(view, at)
    }
    if (changed && offset % clusterSize === 0 && walk.holdsTablesAlone(offset)) await file.write(offset, bytes)
  }
  if (!l1Changed) return
  for (let at = 0; at < walk.l1.byteLength; at += clusterSize) {
    const offset = header.l1Offset + at
    if (offset < file.length && walk.holdsTablesAlone(offset))
      await file.write(offset, walk.l1.subarray(at, at + clusterSize))
  }
}

/** Whether a cluster is an L2 table, and nothing else. */
export function isTable(walk: ReferenceWalk, offset: number, clusterSize: number): boolean {
  const use = walk.tables.get(offset)
  return use !== undefined && offset % clusterSize === 0 && walk.isOnly(offset, clusterSize, use.times)
}

function flip(view: DataView, at: number): true {
  view.setUint32(at, (view.getUint32(at) ^ copiedBit) >>> 0)
  return true
}
