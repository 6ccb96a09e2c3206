import type { IpPacket } from './ip-packet.ts'
import { readIpv6Address, writeIpv6Address } from './ipv6-address.ts'

/** Of a header without extensions. */
export const ipv6Length = 40
export const fragmentLength = 8

const extensions = { hopByHop: 0, fragment: 44, destination: 60 } as const
const mostExtensions = 8

export interface Ipv6Packet extends IpPacket<bigint> {
  /** How many more routers may pass it on. */
  readonly hopLimit: number
}

/** An IPv6 packet (RFC 8200), perhaps with padding behind it; undefined if it is none, or goes by routes of its own. */
export function readIpv6(bytes: Buffer): Ipv6Packet | undefined {
  if (bytes.length < ipv6Length || bytes[0]! >> 4 !== 6) return undefined
  const end = ipv6Length + bytes.readUInt16BE(4)
  if (end > bytes.length) return undefined
  let protocol = bytes[6]!
  let at = ipv6Length
  let piece = { id: 0, fragmentOffset: 0, moreFragments: false }
  for (let count = 0; ; count++) {
    const isFragment = protocol === extensions.fragment
    if (!isFragment && protocol !== extensions.hopByHop && protocol !== extensions.destination) break
    if (count === mostExtensions || at + fragmentLength > end) return undefined
    if (isFragment) piece = pieceOf(bytes, at)
    protocol = bytes[at]!
    at += isFragment ? fragmentLength : 8 * (bytes[at + 1]! + 1)
    if (at > end) return undefined
    // What is behind the header of a later piece is none that could be read.
    if (piece.fragmentOffset > 0) break
  }
  return {
    source: readIpv6Address(bytes, 8),
    destination: readIpv6Address(bytes, 24),
    protocol,
    hopLimit: bytes[7]!,
    ...piece,
    header: bytes.subarray(0, at),
    payload: bytes.subarray(at, end),
  }
}

function pieceOf(bytes: Buffer, at: number): Pick<Ipv6Packet, 'id' | 'fragmentOffset' | 'moreFragments'> {
  const word = bytes.readUInt16BE(at + 2)
  return { id: bytes.readUInt32BE(at + 4), fragmentOffset: word & ~7, moreFragments: (word & 1) !== 0 }
}

export interface Ipv6Header {
  readonly source: bigint
  readonly destination: bigint
  readonly protocol: number
  readonly payloadLength: number
  readonly hopLimit: number
  /** Of a datagram in pieces: which, and where in it, in bytes. */
  readonly piece?: { readonly id: number; readonly from: number; readonly more: boolean } | undefined
}

/** Writes a header at `at`, with one for a piece behind it if it is one. */
export function writeIpv6(bytes: Buffer, at: number, header: Ipv6Header): void {
  const { piece, protocol } = header
  bytes.writeUInt32BE(0x60000000, at)
  bytes.writeUInt16BE(header.payloadLength + (piece === undefined ? 0 : fragmentLength), at + 4)
  bytes[at + 6] = piece === undefined ? protocol : extensions.fragment
  bytes[at + 7] = header.hopLimit
  writeIpv6Address(bytes, header.source, at + 8)
  writeIpv6Address(bytes, header.destination, at + 24)
  if (piece === undefined) return
  bytes.writeUInt16BE(protocol << 8, at + ipv6Length)
  bytes.writeUInt16BE(piece.from | (piece.more ? 1 : 0), at + ipv6Length + 2)
  bytes.writeUInt32BE(piece.id, at + ipv6Length + 4)
}
