import type { IpAddress } from './ip-address.ts'
import { wordOf } from './ipv6-address.ts'

/** The sum of 16-bit words in network order (RFC 1071), not yet folded; an odd byte at the end is the high half of a word. */
export function sumOf(bytes: Uint8Array, from: number, to: number, begin = 0): number {
  let sum = begin
  let at = from
  for (const end = to - 1; at < end; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!
  if (at < to) sum += bytes[at]! << 8
  return sum
}

/** The checksum that belongs to a sum; zero if the sum is one over a header with its right checksum in it. */
export function checksumOf(sum: number): number {
  let rest = sum
  while (rest > 0xffff) rest = Math.floor(rest / 0x10000) + (rest & 0xffff)
  return ~rest & 0xffff
}

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
