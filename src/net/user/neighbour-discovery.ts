import { macOf } from './ethernet.ts'
import { type Ipv6Ends, icmpv6Types, messageOf } from './icmpv6.ts'
import { readIpv6Address, writeIpv6Address } from './ipv6-address.ts'

/** Everybody of a cable. */
export const allNodes = (0xff02n << 112n) | 1n

const options = { sourceMac: 1, targetMac: 2, prefix: 3, dns: 25 } as const
/** Of an advertisement: a router says it, it was asked for, and it is truer than what was known. */
const flags = { router: 0x80, solicited: 0x40, override: 0x20 } as const
/** More is to be asked by DHCP. */
const otherConfiguration = 0x40
const usualHopLimit = 64
/** All in seconds. */
const routerLifetime = 1800
const [validLifetime, preferredLifetime] = [86_400, 14_400]
const dnsLifetime = 1200
/** A prefix by which hosts know who is on the cable, and make themselves addresses. */
const prefixFlags = 0xc0

/** The group that a host hears who is asked for. */
export function solicitedGroup(address: bigint): bigint {
  return (0xff02n << 112n) | 0x1_ff00_0000n | (address & 0xff_ffffn)
}

/** Asks who has an address (RFC 4861, 4.3). */
export function solicitation(ends: Ipv6Ends, target: bigint): Buffer {
  const body = Buffer.alloc(4 + 16)
  writeIpv6Address(body, target, 4)
  return messageOf(
    ends,
    icmpv6Types.neighbourSolicitation,
    Buffer.concat([body, macOption(options.sourceMac, ends.source)]),
  )
}

/** Whose address is asked for; undefined if none is. @param message - that asks */
export function targetOfSolicitation(message: Buffer): bigint | undefined {
  const isOne = message[0] === icmpv6Types.neighbourSolicitation && message[1] === 0 && message.length >= 24
  return isOne ? readIpv6Address(message, 8) : undefined
}

/** Says that an address is ours (RFC 4861, 4.4). @param asked - by somebody who has an address */
export function neighbourAdvertisement(ends: Ipv6Ends, target: bigint, asked: boolean): Buffer {
  const body = Buffer.alloc(4 + 16)
  body[0] = flags.router | flags.override | (asked ? flags.solicited : 0)
  writeIpv6Address(body, target, 4)
  return messageOf(
    ends,
    icmpv6Types.neighbourAdvertisement,
    Buffer.concat([body, macOption(options.targetMac, target)]),
  )
}

export interface Advertised {
  readonly prefix: bigint
  readonly prefixLength: number
  /** Undefined where there is none to be told. */
  readonly dns: bigint | undefined
}

/** Says who the router is, and how the network is called (RFC 4861, 4.2; RFC 8106). */
export function routerAdvertisement(ends: Ipv6Ends, { prefix, prefixLength, dns }: Advertised): Buffer {
  const head = Buffer.alloc(12)
  head[0] = usualHopLimit
  head[1] = otherConfiguration
  head.writeUInt16BE(routerLifetime, 2)
  const network = Buffer.alloc(32)
  network.set([options.prefix, 4, prefixLength, prefixFlags])
  network.writeUInt32BE(validLifetime, 4)
  network.writeUInt32BE(preferredLifetime, 8)
  writeIpv6Address(network, prefix, 16)
  const parts = [head, macOption(options.sourceMac, ends.source), network]
  if (dns !== undefined) {
    const server = Buffer.alloc(24)
    server.set([options.dns, 3])
    server.writeUInt32BE(dnsLifetime, 4)
    writeIpv6Address(server, dns, 8)
    parts.push(server)
  }
  return messageOf(ends, icmpv6Types.routerAdvertisement, Buffer.concat(parts))
}

function macOption(kind: number, address: bigint): Buffer {
  return Buffer.of(kind, 1, ...macOf(address))
}
