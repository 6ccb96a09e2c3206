import { getServers } from 'node:dns'
import type { IpAddress } from './ip-address.ts'
import { formatIpv4 } from './ipv4-address.ts'
import { formatIpv6, isLinkLocal, isMulticast } from './ipv6-address.ts'
import { type Ipv6Network, isInside, isNobody, isOfDns, isOfHost } from './ipv6-network.ts'

/** Something that the host reaches. */
export interface HostTarget {
  readonly address: string
  readonly port: number
}

export interface NetworkShape {
  readonly network: number
  readonly mask: number
  /** The gateway, which is this host. */
  readonly host: number
  readonly dns: number
  /** Nothing beyond this network, and nothing of the host's. */
  readonly restrict: boolean
  readonly ipv6?: Ipv6Network | undefined
}

const dnsPort = 53

/** What a guest means by an address: undefined for what is not to be reached from here. */
export function targetOf(shape: NetworkShape, address: IpAddress, port: number): HostTarget | undefined {
  if (shape.restrict || port === 0) return undefined
  if (typeof address === 'bigint') return shape.ipv6 === undefined ? undefined : targetOfIpv6(shape.ipv6, address, port)
  if (address === shape.host) return { address: '127.0.0.1', port }
  if (address === shape.dns) return port === dnsPort ? resolver() : undefined
  if (isOfNetwork(shape, address)) return undefined
  const first = address >>> 24
  // The guest's own loopback, this network, groups and broadcasts go nowhere.
  if (first === 0 || first === 127 || first >= 224) return undefined
  return { address: formatIpv4(address), port }
}

function targetOfIpv6(network: Ipv6Network, address: bigint, port: number): HostTarget | undefined {
  if (isOfHost(network, address)) return { address: '::1', port }
  if (isOfDns(network, address)) return port === dnsPort ? resolver() : undefined
  if (isInside(network, address) || isNobody(address) || isLinkLocal(address) || isMulticast(address)) return undefined
  return { address: formatIpv6(address), port }
}

export function isOfNetwork({ network, mask }: NetworkShape, address: number): boolean {
  return (address & mask) === (network & mask)
}

/** The resolver that this host asks first. */
function resolver(): HostTarget | undefined {
  const [server] = getServers()
  if (server === undefined) return undefined
  const parts = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(server)
  if (parts === null) return { address: server, port: dnsPort }
  return { address: parts[1] ?? parts[2]!, port: Number(parts[3]) }
}
