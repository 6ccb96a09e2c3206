import { checksumOf, sumOf } from '../../hash/index.ts'
import type { IpAddress } from './ip-address.ts'
import { type IpPacket, protocols } from './ip-packet.ts'
import { pseudoHeaderSum } from './pseudo-header.ts'

export const udpLength = 8

export interface UdpDatagram {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Buffer
}

/** A UDP datagram (RFC 768) in its packet; undefined if it is none, or damaged. */
export function readUdp({ source, destination, payload: bytes }: IpPacket): UdpDatagram | undefined {
  if (bytes.length < udpLength) return undefined
  const length = bytes.readUInt16BE(4)
  if (length < udpLength || length > bytes.length) return undefined
  const pseudo = pseudoHeaderSum(source, destination, protocols.udp, length)
  if (bytes.readUInt16BE(6) !== 0 && checksumOf(sumOf(bytes, 0, length, pseudo)) !== 0) return undefined
  return {
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    payload: bytes.subarray(udpLength, length),
  }
}

export function udpBytes(source: IpAddress, destination: IpAddress, datagram: UdpDatagram): Buffer {
  const { payload } = datagram
  const bytes = Buffer.allocUnsafe(udpLength + payload.length)
  bytes.writeUInt16BE(datagram.sourcePort, 0)
  bytes.writeUInt16BE(datagram.destinationPort, 2)
  bytes.writeUInt16BE(bytes.length, 4)
  bytes.writeUInt16BE(0, 6)
  bytes.set(payload, udpLength)
  const pseudo = pseudoHeaderSum(source, destination, protocols.udp, bytes.length)
  // Zero would say that there is no checksum.
  bytes.writeUInt16BE(checksumOf(sumOf(bytes, 0, bytes.length, pseudo)) || 0xffff, 6)
  return bytes
}
