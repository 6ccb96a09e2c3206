import { checksumOf, sumOf } from '../../hash/index.ts'
import type { IpPacket } from './ip-packet.ts'

/** Of a header without options; ours have none. */
export const ipv4Length = 20

const moreFragments = 0x2000
const offsetMask = 0x1fff

export interface Ipv4Packet extends IpPacket<number> {
  /** How many more routers may pass it on. */
  readonly timeToLive: number
}

/** An IPv4 packet (RFC 791), perhaps with padding behind it; undefined if it is none, or damaged. */
export function readIpv4(bytes: Buffer): Ipv4Packet | undefined {
  if (bytes.length < ipv4Length || bytes[0]! >> 4 !== 4) return undefined
  const headerLength = (bytes[0]! & 0x0f) * 4
  const length = bytes.readUInt16BE(2)
  if (headerLength < ipv4Length || length < headerLength || length > bytes.length) return undefined
  if (checksumOf(sumOf(bytes, 0, headerLength)) !== 0) return undefined
  const fragment = bytes.readUInt16BE(6)
  return {
    source: bytes.readUInt32BE(12),
    destination: bytes.readUInt32BE(16),
    protocol: bytes[9]!,
    id: bytes.readUInt16BE(4),
    fragmentOffset: (fragment & offsetMask) * 8,
    moreFragments: (fragment & moreFragments) !== 0,
    timeToLive: bytes[8]!,
    header: bytes.subarray(0, headerLength),
    payload: bytes.subarray(headerLength, length),
  }
}

export interface Ipv4Header {
  readonly source: number
  readonly destination: number
  readonly protocol: number
  readonly id: number
  readonly payloadLength: number
  /** In bytes, a multiple of eight. */
  readonly fragmentOffset?: number
  readonly moreFragments?: boolean
}

/** Writes a header without options at `at`. */
export function writeIpv4(bytes: Buffer, at: number, header: Ipv4Header): void {
  bytes[at] = 0x45
  bytes[at + 1] = 0
  bytes.writeUInt16BE(ipv4Length + header.payloadLength, at + 2)
  bytes.writeUInt16BE(header.id, at + 4)
  const fragment = (header.fragmentOffset ?? 0) / 8
  bytes.writeUInt16BE(fragment | (header.moreFragments === true ? moreFragments : 0), at + 6)
  bytes[at + 8] = 64
  bytes[at + 9] = header.protocol
  bytes.writeUInt16BE(0, at + 10)
  bytes.writeUInt32BE(header.source, at + 12)
  bytes.writeUInt32BE(header.destination, at + 16)
  bytes.writeUInt16BE(checksumOf(sumOf(bytes, at, at + ipv4Length)), at + 10)
}
