/** The sum of 16-bit words in network order (RFC 1071), not yet folded; an odd byte at the end is the high half of a word. */
export function sumOf(bytes: Uint8Array, from: number, to: number, begin = 0): number {
  let sum = begin
  let at = from
  for (const end = to - 1; at < end; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!
  if (at < to) sum += bytes[at]! << 8
  return sum
}

/** A sum in 16 bits, by carrying what is above them. */
export function folded(sum: number): number {
  let rest = sum
  while (rest > 0xffff) rest = Math.floor(rest / 0x10000) + (rest & 0xffff)
  return rest
}

/** The checksum that belongs to a sum; zero if the sum is one over a header with its right checksum in it. */
export function checksumOf(sum: number): number {
  return ~folded(sum) & 0xffff
}
