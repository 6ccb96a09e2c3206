/** Frames as a guest makes them, and what frames of its network tell it. */
import { checksumOf, sumOf } from '../../src/hash/index.ts'
import {
  broadcastMac,
  ethernetLength,
  etherTypes,
  newFrame,
  readEthernet,
  writeEthernet,
} from '../../src/net/user/ethernet.ts'
import { messageOf } from '../../src/net/user/icmpv6.ts'
import type { IpAddress } from '../../src/net/user/ip-address.ts'
import { protocols } from '../../src/net/user/ip-packet.ts'
import { ipv4Length, writeIpv4 } from '../../src/net/user/ipv4.ts'
import { parseIpv4 } from '../../src/net/user/ipv4-address.ts'
import { ipv6Length, writeIpv6 } from '../../src/net/user/ipv6.ts'
import { parseIpv6 } from '../../src/net/user/ipv6-address.ts'
import { solicitation, solicitedGroup } from '../../src/net/user/neighbour-discovery.ts'
import { tcpLength, writeTcp } from '../../src/net/user/tcp/segment.ts'
import { udpBytes } from '../../src/net/user/udp.ts'

const guestMac = Buffer.from('525400123456', 'hex')
const dhcpCookie = '63825363'

const addressOf = (text: string): IpAddress => parseIpv4(text) ?? parseIpv6(text)!

function ip(source: IpAddress, destination: IpAddress, protocol: number, payload: Uint8Array, hopLimit = 255): Buffer {
  const isV4 = typeof source === 'number'
  const headerLength = isV4 ? ipv4Length : ipv6Length
  const frame = newFrame(headerLength + payload.length)
  const type = isV4 ? etherTypes.ipv4 : etherTypes.ipv6
  writeEthernet(frame, { destination: broadcastMac, source: guestMac, type })
  frame.set(payload, ethernetLength + headerLength)
  const rest = { protocol, payloadLength: payload.length }
  if (isV4) writeIpv4(frame, ethernetLength, { ...rest, source, destination: destination as number, id: 1 })
  else writeIpv6(frame, ethernetLength, { ...rest, source, destination: destination as bigint, hopLimit })
  return frame
}

/** Asks for an IPv4 address; so it is told where the guest is, too. */
export function arp(target: string): Buffer {
  const frame = newFrame(28)
  writeEthernet(frame, { destination: broadcastMac, source: guestMac, type: etherTypes.arp })
  frame.set([0, 1, 8, 0, 6, 4, 0, 1, ...guestMac, 10, 0, 2, 15], ethernetLength)
  frame.writeUInt32BE(parseIpv4(target)!, ethernetLength + 24)
  return frame
}

/** Whether somebody says that an IPv4 address is its. */
export function isArpOf(frame: Buffer, address: string): boolean {
  return readEthernet(frame)?.type === etherTypes.arp && frame.readUInt32BE(28) === parseIpv4(address)
}

export function icmp(destination: string, type: number, body: Uint8Array): Buffer {
  const message = Buffer.concat([Buffer.of(type, 0, 0, 0), body])
  message.writeUInt16BE(checksumOf(sumOf(message, 0, message.length)), 2)
  return ip(parseIpv4('10.0.2.15')!, addressOf(destination), protocols.icmp, message)
}

export function udp(source: string, destination: string, sourcePort: number, destinationPort: number, payload: Buffer) {
  const [from, to] = [addressOf(source), addressOf(destination)]
  return ip(from, to, protocols.udp, udpBytes(from, to, { sourcePort, destinationPort, payload }))
}

export function tcp(source: string, destination: string, destinationPort: number, flags: number): Buffer {
  const [from, to] = [addressOf(source), addressOf(destination)]
  const bytes = Buffer.alloc(tcpLength(undefined))
  const ends = { source: from, destination: to, sourcePort: 5000, destinationPort }
  writeTcp(bytes, 0, bytes.length, ends, { sequence: 7, acknowledgment: 0, flags, window: 60_000 })
  return ip(from, to, protocols.tcp, bytes)
}

/** @param options - of DHCP, without the last */
export function dhcp(options: Buffer): Buffer {
  const request = Buffer.alloc(300)
  request.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef])
  request.set(guestMac, 28)
  request.set(Buffer.concat([Buffer.from(dhcpCookie, 'hex'), options, Buffer.of(255)]), 236)
  return udp('0.0.0.0', '255.255.255.255', 68, 67, request)
}

export function icmpv6(source: string, destination: string, type: number, body: Uint8Array, hopLimit = 255): Buffer {
  const ends = { source: parseIpv6(source)!, destination: parseIpv6(destination)! }
  return ip(ends.source, ends.destination, protocols.icmpv6, messageOf(ends, type, body), hopLimit)
}

/** Asks where somebody is. */
export function neighbour(source: string, target: string, hopLimit = 255): Buffer {
  const ends = { source: parseIpv6(source)!, destination: solicitedGroup(parseIpv6(target)!) }
  const message = solicitation(ends, parseIpv6(target)!)
  return ip(ends.source, ends.destination, protocols.icmpv6, message, hopLimit)
}

/** @param options - of DHCPv6, in hexadecimal, beside who asks */
export function dhcpv6(source: string, kind: number, options: string): Buffer {
  const client = `0001000a00030001${guestMac.toString('hex')}`
  return udp(source, 'ff02::1:2', 546, 547, Buffer.from(`0${kind.toString(16)}123456${client}${options}`, 'hex'))
}

/** Bytes of an IP header that may differ: its number, flags and lifetime, and the checksum. */
const ofIpv4 = { service: [1, 2], id: [4, 9], checksum: [10, 12] } as const

/**
 * What a frame tells a guest: it without what may be otherwise. That is the numbers of datagrams, how far they may go,
 * what service they are of, where on the cable the sender of one of IPv4 is (of libslirp always the gateway), the window
 * of who ends a connection, with each checksum; of DHCPv6 the port of the server, which libslirp has wrong;
 * and of a router that it knows names, and that more is to be asked.
 */
export function toldOf(frame: Buffer): string {
  const type = readEthernet(frame)?.type
  const told = Buffer.from(frame)
  const at = ethernetLength
  if (type === etherTypes.ipv4) {
    const length = told.readUInt16BE(at + 2)
    const isDhcp = told[at + 9] === protocols.udp && told.readUInt16BE(at + 22) === 68
    for (const [from, to] of [ofIpv4.service, ofIpv4.id, ofIpv4.checksum]) told.fill(0, at + from, at + to)
    if (isDhcp) told.fill(0, at + 2, at + 4)
    return [
      told.subarray(0, 6),
      told.subarray(at, at + 20),
      blurred(told[at + 9]!, told.subarray(at + 20, at + length)),
    ]
      .map((part) => part.toString('hex'))
      .join(' ')
  }
  if (type === etherTypes.arp) return told.toString('hex', 0, at + 28) // behind it is padding
  if (type !== etherTypes.ipv6) return told.toString('hex')
  told[at + 7] = 0
  const rest = told.subarray(at + 40, at + 40 + told.readUInt16BE(at + 4))
  const isRouter = told[at + 6] === protocols.icmpv6 && rest[0] === 134
  if (isRouter) told.writeUInt16BE(0, at + 4)
  const payload = isRouter ? routerTold(rest) : blurred(told[at + 6]!, rest)
  return [told.subarray(0, at + 40), payload].map((part) => part.toString('hex')).join(' ')
}

function blurred(protocol: number, payload: Buffer): Buffer {
  if (protocol === protocols.tcp) payload.fill(0, 14, 18)
  if (protocol === protocols.udp) {
    payload.fill(0, 6, 8)
    if (payload.readUInt16BE(2) === 546) payload.fill(0, 0, 2)
    if (payload.readUInt16BE(2) === 68) return dhcpTold(payload)
  }
  return payload
}

/** Without what only fills it up. */
function dhcpTold(payload: Buffer): Buffer {
  payload.fill(0, 4, 6)
  const end = payload.lastIndexOf(0xff)
  return payload.subarray(0, end)
}

function routerTold(message: Buffer): Buffer {
  message.fill(0, 2, 4)
  message[5] = 0
  const names = message.indexOf(Buffer.of(25, 3, 0, 0))
  return names < 0 ? message : message.subarray(0, names)
}
