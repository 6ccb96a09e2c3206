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
export function pseudoHeaderSum(source: number, destination: number, protocol: number, length: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length
}
