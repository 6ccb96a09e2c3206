import { strerror } from '../../../errno/index.ts'
import { BlockError } from '../../block-error.ts'
import { getUint64, setUint64, viewOf } from './big-endian.ts'
import { damaged } from './header.ts'

/** An internal snapshot: what the guest saw at a time, kept in the image (qcow2 spec, "Snapshots"). */
export interface SnapshotEntry {
  readonly l1Offset: number
  /** The same, as it stands in the table: an offset that cannot be is not exact as a number. */
  readonly l1OffsetWord: bigint
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
  /** The entry has what version 3 of the format wants of it. */
  readonly complete: boolean
}

/** More are refused. */
export const mostSnapshots = 65536
/** An entry without what varies in length. */
export const snapshotEntrySize = 40
const knownExtra = 24
/** Bytes of extra data that version 3 wants: the sizes of state and disk. */
const neededExtra = 16
const largestExtra = 1024
const readAhead = 16384
const largestTable = 64 * 2 ** 20
const notCounted = 2n ** 64n - 1n

/** Reads bytes of a file; what lies behind its end reads as zeroes. */
export type ReadPadded = (offset: number, length: number) => Promise<Uint8Array>

export interface SnapshotTablePlace {
  readonly offset: number
  readonly count: number
  /** What snapshots had that do not say: the size of the image. */
  readonly diskSize: number
}

/**
 * Reads the table of snapshots.
 *
 * @param discarded - hears of what cannot be kept, each a fault; without it the table is refused for that
 * @throws {BlockError} kind `corrupt`
 */
export async function readSnapshots(
  read: ReadPadded,
  { offset, count, diskSize }: SnapshotTablePlace,
  discarded?: (text: string, faults: number) => void,
): Promise<{ readonly snapshots: SnapshotEntry[]; readonly length: number }> {
  const snapshots: SnapshotEntry[] = []
  const table = new TableReader(read)
  /** From the begin of the table: its place may be beyond the numbers that are whole. */
  let at = 0
  /** What the table will take, without extra data that is discarded. */
  let kept = 0
  for (let index = 0; index < count; index++) {
    const view = viewOf(await table.read(offset + at, snapshotEntrySize))
    const extraSize = view.getUint32(36)
    const tooMuch = extraSize > largestExtra
    if (tooMuch) {
      const where = `too much extra metadata in snapshot table entry ${index}`
      if (discarded === undefined) {
        throw damaged(`T${where.slice(1)}`, { code: 'EFBIG', hint: `${force} this extra metadata ${checking}` })
      }
      discarded(`Discarding ${where} (${extraSize} > ${largestExtra})`, 1)
    }
    const idSize = view.getUint16(12)
    const nameSize = view.getUint16(14)
    const keptExtra = tooMuch ? largestExtra : extraSize
    const extra = await table.read(offset + at + snapshotEntrySize, keptExtra)
    const names = await table.read(offset + at + snapshotEntrySize + extraSize, idSize + nameSize)
    const end = at + snapshotEntrySize + extraSize + idSize + nameSize
    kept = roundUp(kept) + snapshotEntrySize + keptExtra + idSize + nameSize
    if (kept > largestTable || end > 0x7fff_ffff) {
      const left = count - index
      if (discarded === undefined) {
        throw damaged('Snapshot table is too big', {
          code: 'EFBIG',
          hint: `${force} all ${left} overhanging snapshots ${checking}`,
        })
      }
      discarded(`Discarding ${left} overhanging snapshots (snapshot table is too big)`, left)
      break
    }
    snapshots.push(decode(view, extra, { id: names.subarray(0, idSize), name: names.subarray(idSize), diskSize }))
    at = roundUp(end)
  }
  return { snapshots, length: at }
}

/** Entries begin at multiples of eight bytes. */
function roundUp(length: number): number {
  return Math.ceil(length / 8) * 8
}

const force = 'You can force-remove'
const checking = 'with vmon img check -r all'

/** Reads small things that follow each other, many at once. */
class TableReader {
  readonly #read: ReadPadded
  #begin = 0
  #bytes = new Uint8Array(0)

  constructor(read: ReadPadded) {
    this.#read = read
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset < this.#begin || offset + length > this.#begin + this.#bytes.byteLength) {
      this.#bytes = new Uint8Array(await this.#read(offset, Math.max(length, readAhead)))
      this.#begin = offset
    }
    return this.#bytes.subarray(offset - this.#begin, offset - this.#begin + length)
  }
}

/** The table as it stands in the file. @throws {BlockError} kind `invalid`, if it is too large */
export function encodeSnapshots(snapshots: readonly SnapshotEntry[]): Uint8Array {
  const entries = snapshots.map(encode)
  const length = entries.reduce((sum, entry) => sum + entry.byteLength, 0)
  if (length > largestTable) throw new BlockError('invalid', strerror('EFBIG'), { code: 'EFBIG' })
  const bytes = new Uint8Array(length)
  let at = 0
  for (const entry of entries) {
    bytes.set(entry, at)
    at += entry.byteLength
  }
  return bytes
}

interface Rest {
  readonly id: Uint8Array
  readonly name: Uint8Array
  readonly diskSize: number
}

function decode(view: DataView, extraBytes: Uint8Array, { id, name, diskSize }: Rest): SnapshotEntry {
  const extra = viewOf(extraBytes)
  const extraSize = extraBytes.byteLength
  const count = extraSize >= 24 ? extra.getBigUint64(16) : notCounted
  return {
    l1Offset: getUint64(view, 0),
    l1OffsetWord: view.getBigUint64(0),
    l1Size: view.getUint32(8),
    id: new TextDecoder().decode(id),
    name: new TextDecoder().decode(name),
    dateSeconds: view.getUint32(16),
    dateNanoseconds: view.getUint32(20),
    vmClockNanoseconds: view.getBigUint64(24),
    vmStateSize: extraSize >= 8 ? getUint64(extra, 0) : view.getUint32(32),
    diskSize: extraSize >= 16 ? getUint64(extra, 8) : diskSize,
    instructionCount: count === notCounted ? undefined : count,
    unknownExtra: extraBytes.slice(knownExtra, Math.max(knownExtra, extraSize)),
    complete: extraSize >= neededExtra,
  }
}

function encode(snapshot: SnapshotEntry): Uint8Array {
  const id = new TextEncoder().encode(snapshot.id)
  const name = new TextEncoder().encode(snapshot.name)
  const extraSize = knownExtra + snapshot.unknownExtra.byteLength
  const bytes = new Uint8Array(Math.ceil((snapshotEntrySize + extraSize + id.byteLength + name.byteLength) / 8) * 8)
  const view = viewOf(bytes)
  view.setBigUint64(0, snapshot.l1OffsetWord)
  view.setUint32(8, snapshot.l1Size)
  view.setUint16(12, id.byteLength)
  view.setUint16(14, name.byteLength)
  view.setUint32(16, snapshot.dateSeconds)
  view.setUint32(20, snapshot.dateNanoseconds)
  view.setBigUint64(24, snapshot.vmClockNanoseconds)
  view.setUint32(32, snapshot.vmStateSize > 0xffff_ffff ? 0 : snapshot.vmStateSize)
  view.setUint32(36, extraSize)
  setUint64(view, snapshotEntrySize, snapshot.vmStateSize)
  setUint64(view, snapshotEntrySize + 8, snapshot.diskSize)
  view.setBigUint64(snapshotEntrySize + 16, snapshot.instructionCount ?? notCounted)
  bytes.set(snapshot.unknownExtra, snapshotEntrySize + knownExtra)
  bytes.set(id, snapshotEntrySize + extraSize)
  bytes.set(name, snapshotEntrySize + extraSize + id.byteLength)
  return bytes
}
