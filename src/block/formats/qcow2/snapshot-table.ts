import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../node.ts'
import { getUint64, setUint64, viewOf } from './big-endian.ts'
import { damaged } from './header.ts'

/** An internal snapshot: what the guest saw at a time, kept in the image (qcow2 spec, "Snapshots"). */
export interface SnapshotEntry {
  readonly l1Offset: number
  readonly l1Size: number
  readonly id: string
  readonly name: string
  /** Seconds since 1970, and nanoseconds. */
  readonly dateSeconds: number
  readonly dateNanoseconds: number
  readonly vmClockNanoseconds: bigint
  /** Bytes of the machine's state behind the guest's bytes; 0, if the snapshot is of the disk alone. */
  readonly vmStateSize: number
  /** Guest bytes at that time. */
  readonly diskSize: number
  /** Instructions that the guest had run; undefined, if nobody counted. */
  readonly instructionCount: bigint | undefined
  /** Extra data that we do not know: kept as it is. */
  readonly unknownExtra: Uint8Array
}

const fixedSize = 40
const knownExtra = 24
const largestExtra = 1024
const largestTable = 64 * 2 ** 20
const notCounted = 2n ** 64n - 1n

/**
 * Reads the table of snapshots.
 *
 * @param diskSize - what snapshots had that do not say: the size of the image
 * @throws {BlockError} kind `corrupt`
 */
export async function readSnapshots(
  file: BlockNode,
  { offset, count, diskSize }: { offset: number; count: number; diskSize: number },
): Promise<{ readonly snapshots: SnapshotEntry[]; readonly length: number }> {
  const snapshots: SnapshotEntry[] = []
  let at = offset
  for (let index = 0; index < count; index++) {
    const fixed = await readExactly(file, at, fixedSize)
    const view = viewOf(fixed)
    const extraSize = view.getUint32(36)
    if (extraSize > largestExtra) throw damaged(`Too much extra metadata in snapshot table entry ${index}`)
    const idSize = view.getUint16(12)
    const nameSize = view.getUint16(14)
    const rest = await readExactly(file, at + fixedSize, extraSize + idSize + nameSize)
    snapshots.push(decode(view, rest, { extraSize, idSize, nameSize, diskSize }))
    at += Math.ceil((fixedSize + rest.byteLength) / 8) * 8
    if (at - offset > largestTable) throw damaged('Snapshot table is too large')
  }
  return { snapshots, length: at - offset }
}

/** The table as it stands in the file. @throws {BlockError} kind `invalid`, if it is too large */
export function encodeSnapshots(snapshots: readonly SnapshotEntry[]): Uint8Array {
  const entries = snapshots.map(encode)
  const length = entries.reduce((sum, entry) => sum + entry.byteLength, 0)
  if (length > largestTable) throw new BlockError('invalid', 'Snapshot table is too large')
  const bytes = new Uint8Array(length)
  let at = 0
  for (const entry of entries) {
    bytes.set(entry, at)
    at += entry.byteLength
  }
  return bytes
}

interface Sizes {
  readonly extraSize: number
  readonly idSize: number
  readonly nameSize: number
  readonly diskSize: number
}

function decode(view: DataView, rest: Uint8Array, { extraSize, idSize, nameSize, diskSize }: Sizes): SnapshotEntry {
  const extra = viewOf(rest.subarray(0, extraSize))
  const text = (begin: number, length: number): string => new TextDecoder().decode(rest.subarray(begin, begin + length))
  const count = extraSize >= 24 ? extra.getBigUint64(16) : notCounted
  return {
    l1Offset: getUint64(view, 0),
    l1Size: view.getUint32(8),
    id: text(extraSize, idSize),
    name: text(extraSize + idSize, nameSize),
    dateSeconds: view.getUint32(16),
    dateNanoseconds: view.getUint32(20),
    vmClockNanoseconds: view.getBigUint64(24),
    vmStateSize: extraSize >= 8 ? getUint64(extra, 0) : view.getUint32(32),
    diskSize: extraSize >= 16 ? getUint64(extra, 8) : diskSize,
    instructionCount: count === notCounted ? undefined : count,
    unknownExtra: rest.slice(knownExtra, Math.max(knownExtra, extraSize)),
  }
}

function encode(snapshot: SnapshotEntry): Uint8Array {
  const id = new TextEncoder().encode(snapshot.id)
  const name = new TextEncoder().encode(snapshot.name)
  const extraSize = knownExtra + snapshot.unknownExtra.byteLength
  const bytes = new Uint8Array(Math.ceil((fixedSize + extraSize + id.byteLength + name.byteLength) / 8) * 8)
  const view = viewOf(bytes)
  setUint64(view, 0, snapshot.l1Offset)
  view.setUint32(8, snapshot.l1Size)
  view.setUint16(12, id.byteLength)
  view.setUint16(14, name.byteLength)
  view.setUint32(16, snapshot.dateSeconds)
  view.setUint32(20, snapshot.dateNanoseconds)
  view.setBigUint64(24, snapshot.vmClockNanoseconds)
  view.setUint32(32, snapshot.vmStateSize > 0xffff_ffff ? 0 : snapshot.vmStateSize)
  view.setUint32(36, extraSize)
  setUint64(view, fixedSize, snapshot.vmStateSize)
  setUint64(view, fixedSize + 8, snapshot.diskSize)
  view.setBigUint64(fixedSize + 16, snapshot.instructionCount ?? notCounted)
  bytes.set(snapshot.unknownExtra, fixedSize + knownExtra)
  bytes.set(id, fixedSize + extraSize)
  bytes.set(name, fixedSize + extraSize + id.byteLength)
  return bytes
}

async function readExactly(file: BlockNode, offset: number, length: number): Promise<Uint8Array> {
  if (offset + length > file.length) throw damaged('Could not read snapshots: the table does not end in the file')
  return file.read(offset, length)
}
