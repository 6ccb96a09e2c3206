import type { IpAddress } from './ip-address.ts'

export const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const

/** Two addresses and a type. */
export const ethernetLength = 14

/** The shortest frame without its checksum. */
const shortestFrame = 60

/** Six bytes. */
export type MacAddress = Uint8Array

export const broadcastMac: MacAddress = new Uint8Array(6).fill(0xff)

export interface EthernetHeader {
  readonly destination: MacAddress
  readonly source: MacAddress
  readonly type: number
}

/** Undefined for what is too short to be a frame. */
export function readEthernet(frame: Buffer): EthernetHeader | undefined {
  if (frame.length < ethernetLength) return undefined
  return { destination: frame.subarray(0, 6), source: frame.subarray(6, 12), type: frame.readUInt16BE(12) }
}

/** A frame with room for so many bytes behind its header, which is yet to be written. */
export function newFrame(payloadLength: number): Buffer {
  return Buffer.alloc(Math.max(shortestFrame, ethernetLength + payloadLength))
}

export function writeEthernet(frame: Buffer, { destination, source, type }: EthernetHeader): void {
  frame.set(destination, 0)
  frame.set(source, 6)
  frame.writeUInt16BE(type, 12)
}

/** The address that a host of the network has on its Ethernet: 52:55 and its IPv4 address, 52:56 and the end of its IPv6 one. */
export function macOf(address: IpAddress): MacAddress {
  const isV4 = typeof address === 'number'
  return endingLike(isV4 ? 0x5255 : 0x5256, isV4 ? address : Number(address & 0xffff_ffffn))
}

/** The address of an IPv6 group on an Ethernet (RFC 2464). */
export function groupMacOf(address: bigint): MacAddress {
  return endingLike(0x3333, Number(address & 0xffff_ffffn))
}

function endingLike(begin: number, end: number): MacAddress {
  return Uint8Array.of(begin >> 8, begin, end >>> 24, end >>> 16, end >>> 8, end)
}

/** Whether it can be a host's: not of a group, not zero. */
export function isHostMac(mac: MacAddress): boolean {
  return (mac[0]! & 1) === 0 && mac.some((byte) => byte !== 0)
}
