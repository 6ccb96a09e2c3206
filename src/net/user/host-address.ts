import { getServers } from 'node:dns'
import { formatIpv4 } from './ipv4-address.ts'

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
}

const dnsPort = 53

/** What a guest means by an address: undefined for what is not to be reached from here. */
export function targetOf(shape: NetworkShape, address: number, port: number): HostTarget | undefined {
  if (shape.restrict || port === 0) return undefined
  if (address === shape.host) return { address: '127.0.0.1', port }
  if (address === shape.dns) return port === dnsPort ? resolver() : undefined
  if (isOfNetwork(shape, address)) return undefined
  const first = address >>> 24
  // The guest's own loopback, this network, groups and broadcasts go nowhere.
  if (first === 0 || first === 127 || first >= 224) return undefined
  return { address: formatIpv4(address), port }
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
