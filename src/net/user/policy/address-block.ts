import type { IpAddress } from '../ip-address.ts'
import { parseIpv4 } from '../ipv4-address.ts'
import { parseIpv6 } from '../ipv6-address.ts'

/** The addresses that have their first bits in common. */
export interface AddressBlock {
  readonly first: IpAddress
  readonly bits: number
}

/**
 * Reads `192.0.2.1`, `192.0.2.0/24` or `2001:db8::/32`.
 *
 * @returns undefined if it is none of them, or has bits behind its prefix
 */
export function parseBlock(text: string): AddressBlock | undefined {
  const [, addressText, lengthText] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const first = parseIpv4(addressText ?? '') ?? parseIpv6(addressText ?? '')
  if (first === undefined) return undefined
  const whole = widthOf(first)
  const bits = lengthText === undefined ? whole : Number(lengthText)
  if (bits > whole) return undefined
  return prefixOf(first, bits) << BigInt(whole - bits) === BigInt(first) ? { first, bits } : undefined
}

export function isInBlock({ first, bits }: AddressBlock, address: IpAddress): boolean {
  return typeof first === typeof address && prefixOf(first, bits) === prefixOf(address, bits)
}

/** The address of IPv4 that an address of IPv6 stands for on its way: NAT64 (RFC 6052), 6to4 (RFC 3056), mapped ones. */
export function embeddedIpv4(address: IpAddress): number | undefined {
  if (typeof address === 'number') return undefined
  const high = address >> 32n
  if (high === 0x64_ff9b_0000_0000_0000_0000n || high === 0xffffn) return Number(address & 0xffff_ffffn)
  return address >> 112n === 0x2002n ? Number((address >> 80n) & 0xffff_ffffn) : undefined
}

/** Of IPv4 what RFC 6890 lists as not global, relays of 6to4 (RFC 7526), groups, and what is reserved. */
const notGlobal = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  '224.0.0.0/3',
]
/** Global by its number, yet in each virtual network of Azure the host's own service, with secrets of the machine. */
const hostServices = ['168.63.129.16']
/** Of global unicast addresses (2000::/3) those for protocols (RFC 2928, Teredo among them), and for documentation (RFC 3849, RFC 9637). */
const notGlobalIpv6 = ['2001::/23', '2001:db8::/32', '3fff::/20']
/** Parsed when the first policy asks: most machines have none. */
let blocks: { readonly notPublic: readonly AddressBlock[]; readonly globalUnicast: AddressBlock } | undefined

function knownBlocks() {
  blocks ??= {
    notPublic: [...notGlobal, ...hostServices, ...notGlobalIpv6].map((text) => parseBlock(text)!),
    globalUnicast: parseBlock('2000::/3')!,
  }
  return blocks
}

/** Whether an address is of the public Internet: not private, loopback, of the link, for groups, or a cloud's own. */
export function isPublic(address: IpAddress): boolean {
  const inner = embeddedIpv4(address)
  if (inner !== undefined) return isPublic(inner)
  const { notPublic, globalUnicast } = knownBlocks()
  if (typeof address === 'bigint' && !isInBlock(globalUnicast, address)) return false
  return !notPublic.some((block) => isInBlock(block, address))
}

function widthOf(address: IpAddress): number {
  return typeof address === 'number' ? 32 : 128
}

function prefixOf(address: IpAddress, bits: number): bigint {
  return BigInt(address) >> BigInt(widthOf(address) - bits)
}
