import { isLinkLocal, isMulticast } from './ipv6-address.ts'

/** An IPv6 network as it is to be. */
export interface Ipv6Network {
  readonly prefix: bigint
  /** In bits. */
  readonly prefixLength: number
  /** The gateway, which is this host. */
  readonly host: bigint
  readonly dns: bigint
}

const linkLocal = 0xfe80n << 112n
const low64 = 0xffff_ffff_ffff_ffffn

/** The gateway's address on the cable. */
export const router = linkLocal | 2n

/** Whether an address is of the network. */
export function isInside(
  { prefix, prefixLength }: Pick<Ipv6Network, 'prefix' | 'prefixLength'>,
  address: bigint,
): boolean {
  const rest = BigInt(128 - prefixLength)
  return address >> rest === prefix >> rest
}

/** Each of ours has an address on the cable too. */
export function isOfHost({ host }: Ipv6Network, address: bigint): boolean {
  return address === host || address === router
}

export function isOfDns({ dns }: Ipv6Network, address: bigint): boolean {
  return address === dns || address === (linkLocal | (dns & low64))
}

export function isOurs(network: Ipv6Network, address: bigint): boolean {
  return isOfHost(network, address) || isOfDns(network, address)
}

/** Whether a guest may have an address. */
export function isGuest(network: Ipv6Network, address: bigint): boolean {
  if (isOurs(network, address) || isMulticast(address) || isNobody(address)) return false
  return isLinkLocal(address) || isInside(network, address)
}

/** Loopback, none, and what means an IPv4 address: such are nobody's. */
export function isNobody(address: bigint): boolean {
  return address >> 48n === 0n
}
