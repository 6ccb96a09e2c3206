import { checksumOf, folded, sumOf } from '../../hash/index.ts'

/** Where checksums stand, and what a long packet is cut by: what a context descriptor says. */
export interface OffloadContext {
  /** Each: where the sum begins, where it is to be stored, where it ends (0: at the end of the packet). */
  readonly ip: readonly [start: number, store: number, end: number]
  readonly transport: readonly [start: number, store: number, end: number]
  readonly payloadLength: number
  readonly headerLength: number
  readonly segment: number
  readonly isTcp: boolean
  readonly isIpv4: boolean
}

export const noContext: OffloadContext = {
  ...{
    ip: [0, 0, 0],
    transport: [0, 0, 0],
    payloadLength: 0,
    headerLength: 0,
    segment: 0,
    isTcp: false,
    isIpv4: false,
  },
}

/** What is to be done to a packet. */
export interface Offloads {
  readonly context: OffloadContext
  readonly ipChecksum: boolean
  readonly transportChecksum: boolean
}

/** Cuts a long packet into frames, each with headers of its own. */
export function cut(packet: Buffer, offloads: Offloads): Buffer[] {
  const { headerLength, segment } = offloads.context
  if (segment === 0 || headerLength === 0 || headerLength >= packet.length) return [summed(packet, offloads)]
  const frames: Buffer[] = []
  for (let from = headerLength; from < packet.length; from += segment) {
    const to = Math.min(packet.length, from + segment)
    const frame = Buffer.concat([packet.subarray(0, headerLength), packet.subarray(from, to)])
    adapt(frame, offloads, { index: frames.length, offset: from - headerLength, isLast: to === packet.length })
    frames.push(summed(frame, offloads))
  }
  return frames
}

/** Puts the checksums in, where they are to be. */
export function summed(frame: Buffer, { context, ipChecksum, transportChecksum }: Offloads): Buffer {
  if (transportChecksum) storeSum(frame, context.transport)
  if (ipChecksum) storeSum(frame, context.ip)
  return frame
}

function adapt(
  frame: Buffer,
  { context, transportChecksum }: Offloads,
  { index, offset, isLast }: { readonly index: number; readonly offset: number; readonly isLast: boolean },
): void {
  const [ip] = context.ip
  const [transport, store] = context.transport
  if (context.isIpv4) {
    put16(frame, ip + 2, frame.length - ip)
    put16(frame, ip + 4, get16(frame, ip + 4) + index)
  } else put16(frame, ip + 4, frame.length - ip - 40)
  if (context.isTcp) {
    const sequence = get16(frame, transport + 4) * 0x10000 + get16(frame, transport + 6) + offset
    put16(frame, transport + 4, Math.floor(sequence / 0x10000))
    put16(frame, transport + 6, sequence)
    // Only the last one pushes and ends.
    if (!isLast && transport + 13 < frame.length) frame[transport + 13]! &= ~0x09
  } else put16(frame, transport + 4, frame.length - transport)
  if (!transportChecksum) return
  // The guest has summed its pseudo header without a length: that is each frame's own.
  put16(frame, store, folded(get16(frame, store) + frame.length - transport))
}

function storeSum(frame: Buffer, [start, store, end]: readonly [number, number, number]): void {
  const to = end === 0 ? frame.length : Math.min(frame.length, end + 1)
  if (store + 1 >= frame.length) return
  put16(frame, store, checksumOf(sumOf(frame, start, to)))
}

function get16(frame: Buffer, at: number): number {
  return at + 1 < frame.length ? frame.readUInt16BE(at) : 0
}

function put16(frame: Buffer, at: number, value: number): void {
  if (at + 1 < frame.length) frame.writeUInt16BE(value & 0xffff, at)
}
