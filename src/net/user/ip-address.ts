import { formatIpv4 } from './ipv4-address.ts'
import { formatIpv6 } from './ipv6-address.ts'

/** An address of IPv4 (32 bits, a number) or of IPv6 (128 bits, a bigint). */
export type IpAddress = number | bigint

export function formatIp(address: IpAddress): string {
  return typeof address === 'number' ? formatIpv4(address) : formatIpv6(address)
}
