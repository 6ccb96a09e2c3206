import { checksumOf, sumOf } from '../../hash/index.ts'

const ethernet = 14
const ipv4Type = 0x0800
/** Without options. */
const tcpHeader = 20
const protocols = { tcp: 6, udp: 17 } as const

export interface Wanted {
  readonly ipSum: boolean
  readonly tcpSum: boolean
  readonly udpSum: boolean
  /** The payload of each frame, if a long packet is to be cut; 0: it is not. */
  readonly segment: number
}

/** Puts in the checksums that were left to the card, and cuts what is too long, as the guest asks. */
export function offloaded(packet: Buffer, wanted: Wanted): Buffer[] {
  const { segment, ipSum, tcpSum, udpSum } = wanted
  const nothing = segment === 0 && !ipSum && !tcpSum && !udpSum
  if (nothing || packet.length < ethernet + 20 || packet.readUInt16BE(12) !== ipv4Type) return [packet]
  const transport = ethernet + 4 * (packet[ethernet]! & 0x0f)
  if (transport < ethernet + 20 || transport > packet.length) return [packet]
  if (segment === 0 || packet[ethernet + 9] !== protocols.tcp || transport + tcpHeader > packet.length)
    return [summed(packet, transport, wanted)]
  const payload = transport + 4 * (packet[transport + 12]! >> 4)
  // The header's length is the guest's word: each frame is to have room for what is put into its header.
  if (payload < transport + tcpHeader || payload > packet.length) return [summed(packet, transport, wanted)]
  const frames: Buffer[] = []
  for (let from = payload; from < packet.length; from += segment) {
    const to = Math.min(packet.length, from + segment)
    const frame = Buffer.concat([packet.subarray(0, payload), packet.subarray(from, to)])
    frame.writeUInt16BE(frame.length - ethernet, ethernet + 2)
    frame.writeUInt16BE((packet.readUInt16BE(ethernet + 4) + frames.length) & 0xffff, ethernet + 4)
    frame.writeUInt32BE((packet.readUInt32BE(transport + 4) + from - payload) >>> 0, transport + 4)
    // Only the last one pushes and ends.
    if (to < packet.length) frame[transport + 13]! &= ~0x09
    frames.push(summed(frame, transport, { ...wanted, ipSum: true, tcpSum: true }))
  }
  return frames.length === 0 ? [summed(packet, transport, wanted)] : frames
}

function summed(frame: Buffer, transport: number, { ipSum, tcpSum, udpSum }: Wanted): Buffer {
  const protocol = frame[ethernet + 9]
  const end = Math.min(frame.length, ethernet + frame.readUInt16BE(ethernet + 2))
  if (protocol === protocols.tcp && tcpSum) store(frame, transport, end, transport + 16)
  if (protocol === protocols.udp && udpSum) store(frame, transport, end, transport + 6)
  if (!ipSum) return frame
  frame.writeUInt16BE(0, ethernet + 10)
  frame.writeUInt16BE(checksumOf(sumOf(frame, ethernet, transport)), ethernet + 10)
  return frame
}

/** With the header that is not there: both addresses, the protocol and the length. */
function store(frame: Buffer, from: number, end: number, at: number): void {
  if (at + 2 > end) return
  frame.writeUInt16BE(0, at)
  const pseudo = sumOf(frame, ethernet + 12, ethernet + 20) + frame[ethernet + 9]! + end - from
  frame.writeUInt16BE(checksumOf(sumOf(frame, from, end, pseudo)) || 0xffff, at)
}
