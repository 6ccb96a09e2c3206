import { isInside, RingError, type RingMemory } from './ring-memory.ts'

/** A part of a buffer, in guest memory; all of it is there. */
export interface Segment {
  readonly address: number
  readonly length: number
}

/** A buffer that a driver has made available: what the device may read of it, and what it may write. */
export interface Chain {
  /** Its number, by which it is given back. */
  readonly head: number
  readonly readable: readonly Segment[]
  readonly writable: readonly Segment[]
  readonly readableBytes: number
  readonly writableBytes: number
}

const descriptorBytes = 16
/** Flags of a descriptor: another one follows; the device writes; it is a table of descriptors. */
const hasNext = 1
const deviceWrites = 2
const isTable = 4
/** How many parts a buffer may have, as on QEMU. */
const segmentLimit = 1024

interface Table {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly count: number
}

/**
 * Follows the descriptors of a buffer. Whatever the guest has written there, this ends, and what it gives lies in memory.
 *
 * @param table - address of the table of descriptors, which has `size` of them
 * @throws {RingError} if no driver would have made it so
 * @see Virtual I/O Device (VIRTIO) 1.2, 2.7.5
 */
export function readChain(memory: RingMemory, table: number, size: number, head: number): Chain {
  const readable: Segment[] = []
  const writable: Segment[] = []
  let [readableBytes, writableBytes] = [0, 0]
  const add = (segments: Segment[], address: number, length: number): void => {
    const last = segments.at(-1)
    // Pages that lie behind each other are copied at once.
    if (last !== undefined && last.address + last.length === address)
      segments[segments.length - 1] = { address: last.address, length: last.length + length }
    else segments.push({ address, length })
  }
  let indirect: Table | undefined
  let index = head
  for (let steps = 0; ; ) {
    const { view, at } = indirect === undefined ? one(memory, table, index) : within(indirect, index)
    const length = view.getUint32(at + 8, true)
    const flags = view.getUint16(at + 12, true)
    const address = wide(view, at)
    if (flags & isTable) {
      if (indirect !== undefined) throw new RingError('a table of descriptors inside of another')
      if (steps > 0) throw new RingError('a table of descriptors behind other descriptors')
      indirect = tableAt(memory, address, length)
      index = 0
      continue
    }
    steps++
    if (steps > Math.min(segmentLimit, indirect?.count ?? size)) throw new RingError('descriptors that loop')
    if (length === 0) throw new RingError('a buffer without a byte')
    if (!isInside(memory, address, length)) throw new RingError('a buffer outside of memory')
    if (flags & deviceWrites) {
      add(writable, address, length)
      writableBytes += length
    } else {
      if (writable.length > 0) throw new RingError('what is read stands behind what is written')
      add(readable, address, length)
      readableBytes += length
    }
    if ((flags & hasNext) === 0) return { head, readable, writable, readableBytes, writableBytes }
    index = view.getUint16(at + 14, true)
    if (index >= (indirect?.count ?? size)) throw new RingError('a descriptor outside of its table')
  }
}

function one(memory: RingMemory, table: number, index: number): { readonly view: DataView; readonly at: number } {
  const bytes = memory.read(table + index * descriptorBytes, descriptorBytes)
  return { view: new DataView(bytes.buffer, bytes.byteOffset), at: 0 }
}

function within({ view }: Table, index: number): { readonly view: DataView; readonly at: number } {
  return { view, at: index * descriptorBytes }
}

function tableAt(memory: RingMemory, address: number, length: number): Table {
  if (length === 0 || length % descriptorBytes !== 0) throw new RingError('a table of descriptors of an odd size')
  const count = length / descriptorBytes
  if (count > 0xffff + 1 || !isInside(memory, address, length))
    throw new RingError('a table of descriptors outside of memory')
  const bytes = memory.read(address, length)
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset), count }
}

function wide(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
}

/** Copies out of parts of memory that follow each other; fewer bytes if they end before. */
export function gather(memory: RingMemory, segments: readonly Segment[], offset: number, length: number): Uint8Array {
  const pieces = [...slices(segments, offset, length)]
  if (pieces.length === 1) return memory.read(pieces[0]!.address, pieces[0]!.length)
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  for (const piece of pieces) bytes.set(memory.read(piece.address, piece.length), piece.at)
  return bytes
}

/** Copies into parts of memory that follow each other. @returns how much of it has found room */
export function scatter(memory: RingMemory, segments: readonly Segment[], offset: number, bytes: Uint8Array): number {
  const [first] = segments
  if (offset === 0 && first !== undefined && first.length >= bytes.length) {
    memory.write(first.address, bytes)
    return bytes.length
  }
  let written = 0
  for (const { address, length, at } of slices(segments, offset, bytes.length)) {
    memory.write(address, at === 0 && length === bytes.length ? bytes : bytes.subarray(at, at + length))
    written += length
  }
  return written
}

/** The pieces of a range of what segments hold together; `at` counts from the begin of the range. */
function* slices(
  segments: readonly Segment[],
  offset: number,
  length: number,
): Generator<Segment & { readonly at: number }> {
  let [skip, rest, at] = [offset, length, 0]
  for (const segment of segments) {
    if (rest === 0) return
    if (skip >= segment.length) {
      skip -= segment.length
      continue
    }
    const piece = Math.min(rest, segment.length - skip)
    yield { address: segment.address + skip, length: piece, at }
    skip = 0
    rest -= piece
    at += piece
  }
}
