import { NetError } from '../net-error.ts'
import type { UserOptions } from '../netdev-options.ts'
import { parseIpv4 } from './ipv4-address.ts'
import { parseIpv6 } from './ipv6-address.ts'
import { type Ipv6Network, isInside as isInsideIpv6 } from './ipv6-network.ts'
import type { UserNetConfig } from './user-net.ts'

const usualNetwork = 0x0a000200
const usualIpv6Prefix = 'fec0::'
const usualPrefixLength = 64
const longestText = 255

/**
 * What is asked for of a network, understood.
 *
 * @throws {NetError} kind `refused`, in QEMU's words
 */
export function userNetConfig(options: UserOptions): UserNetConfig {
  const { host: hostText, dns: dnsText, dhcpstart, hostname } = options
  const netText = options.net ?? (options.ip === undefined ? undefined : `${options.ip}/24`)
  const { ipv4, ipv6 } = familiesOf(options, netText)
  const { network, mask } = netText === undefined ? { network: usualNetwork, mask: 0xffffff00 } : networkOf(netText)
  const isInside = (address: number): boolean => (address & mask) === (network & mask)
  const host = address(hostText, 'Failed to parse host') ?? (network | (2 & ~mask)) >>> 0
  if (!isInside(host)) throw refused("Host doesn't belong to network")
  const dhcpStart = address(dhcpstart, 'Failed to parse DHCP start address') ?? (network | (15 & ~mask)) >>> 0
  if (!isInside(dhcpStart)) throw refused("DHCP doesn't belong to network")
  if (dhcpStart === host) throw refused('DHCP must be different from host and DNS')
  const dns = address(dnsText, 'Failed to parse DNS') ?? (network | (3 & ~mask)) >>> 0
  if (options.restrict === true && !isInside(dns)) throw refused("DNS doesn't belong to network")
  if (dns === host) throw refused('DNS must be different from host')
  const ipv6Network = ipv6NetworkOf(options)
  if (hostname !== undefined && hostname.length > longestText)
    throw refused("'vhostname' parameter cannot exceed 255 bytes")
  if (options.domainname === '') throw refused("'domainname' parameter cannot be empty")
  if ((options.domainname?.length ?? 0) > longestText) throw refused("'domainname' parameter cannot exceed 255 bytes")
  if ((options['tftp-server-name']?.length ?? 0) > longestText)
    throw refused("'tftp-server-name' parameter cannot exceed 255 bytes")
  if (options.smb !== undefined) throw refused('a share by SMB cannot be had here')
  return {
    ...{ ipv4, network, mask, host, dns, dhcpStart, restrict: options.restrict === true },
    ipv6: ipv6 ? ipv6Network : undefined,
    hostName: hostname ?? undefined,
    domainName: options.domainname,
    domainSearch: (options.dnssearch ?? []).map(({ str }) => str),
    tftp: options.tftp,
    bootFile: options.bootfile,
    tftpServerName: options['tftp-server-name'],
  }
}

/** Which versions there are; one alone that is said to be there is the only one. */
function familiesOf(options: UserOptions, net: string | undefined): { readonly ipv4: boolean; readonly ipv6: boolean } {
  const ipv4 = options.ipv4 ?? options.ipv6 !== true
  const ipv6 = options.ipv6 ?? options.ipv4 !== true
  if (!ipv4 && (net ?? options.host ?? options.dns) !== undefined)
    throw refused('IPv4 disabled but netmask/host/dns provided')
  if (!ipv6 && (options['ipv6-prefix'] ?? options['ipv6-host'] ?? options['ipv6-dns']) !== undefined)
    throw refused('IPv6 disabled but prefix/host6/dns6 provided')
  if (!ipv4 && !ipv6) throw refused('IPv4 and IPv6 disabled')
  return { ipv4, ipv6 }
}

/** How the IPv6 network is to be; it is looked at even if there is to be none. */
function ipv6NetworkOf(options: UserOptions): Ipv6Network {
  const prefixText = options['ipv6-prefix'] ?? usualIpv6Prefix
  const prefix = ipv6Address(prefixText, 'Failed to parse IPv6 prefix')!
  const prefixLength = options['ipv6-prefixlen'] || usualPrefixLength
  if (prefixLength < 0 || prefixLength > 126)
    throw refused('Invalid IPv6 prefix provided (IPv6 prefix length must be between 0 and 126)')
  const isOf = (address: bigint): boolean => isInsideIpv6({ prefix, prefixLength }, address)
  const host = ipv6Address(options['ipv6-host'], 'Failed to parse IPv6 host') ?? prefix | 2n
  if (!isOf(host)) throw refused("IPv6 Host doesn't belong to network")
  const dns = ipv6Address(options['ipv6-dns'], 'Failed to parse IPv6 DNS') ?? prefix | 3n
  if (options.restrict === true && !isOf(dns)) throw refused("IPv6 DNS doesn't belong to network")
  return { prefix, prefixLength, host, dns }
}

/** An address, and behind it how long or which its mask is; without one, as the address's class has it. */
function networkOf(text: string): { readonly network: number; readonly mask: number } {
  const [addressText, maskText] = text.split('/', 2) as [string, string | undefined]
  const network = parseIpv4(addressText)
  if (network === undefined) throw refused('Failed to parse netmask')
  const mask = maskText === undefined ? usualMask(network) : maskOf(maskText)
  return { network: (network & mask) >>> 0, mask }
}

function usualMask(network: number): number {
  if (network >>> 31 === 0) return 0xff000000
  return network >>> 30 === 2 ? 0xfff00000 : 0xffffff00
}

function maskOf(text: string): number {
  if (/^\d+$/.test(text)) {
    const bits = Number(text)
    if (bits < 4 || bits > 32) throw refused('Invalid netmask provided (must be in range 4-32)')
    return (0xffffffff << (32 - bits)) >>> 0
  }
  const mask = parseIpv4(text)
  if (mask === undefined) throw refused('Failed to parse netmask (trailing chars)')
  return mask
}

function address(text: string | undefined, complaint: string): number | undefined {
  if (text === undefined) return undefined
  const found = parseIpv4(text)
  if (found === undefined) throw refused(complaint)
  return found
}

function ipv6Address(text: string | undefined, complaint: string): bigint | undefined {
  if (text === undefined) return undefined
  const found = parseIpv6(text)
  if (found === undefined) throw refused(complaint)
  return found
}

function refused(message: string): NetError {
  return new NetError('refused', message)
}
