import type { IpAddress } from './ip-address.ts'
import { wordOf } from './ipv6-address.ts'

/** What UDP and TCP sum over before their own header. */
export function pseudoHeaderSum(source: IpAddress, destination: IpAddress, protocol: number, length: number): number {
  return addressSum(source) + addressSum(destination) + protocol + (length >>> 16) + (length & 0xffff)
}

function addressSum(address: IpAddress): number {
  if (typeof address === 'number') return (address >>> 16) + (address & 0xffff)
  let sum = 0
  for (let at = 0; at < 8; at++) sum += wordOf(address, at)
  return sum
}
