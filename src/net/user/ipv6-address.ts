import { isIPv6 } from 'node:net'

const words = 8

/** Reads `fec0::2`, without a zone. Undefined for anything else. */
export function parseIpv6(text: string): bigint | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined
  // What ends like IPv4 is two words.
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.map(Number) as [number, number, number, number]
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [left, right] = plain.split('::').map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[]?]
  const missing = right === undefined ? 0 : words - left.length - right.length
  const all = [...left, ...Array.from({ length: missing }, () => '0'), ...(right ?? [])]
  return BigInt(`0x${all.map((word) => word.padStart(4, '0')).join('')}`)
}

/** The longest run of zeros is left out, the first of several (RFC 5952). */
export function formatIpv6(address: bigint): string {
  const all = Array.from({ length: words }, (_, at) => wordOf(address, at).toString(16))
  const text = all.join(':')
  let longest = ''
  for (const [run] of text.matchAll(/\b0(?::0\b)+/g)) if (run.length > longest.length) longest = run
  if (longest === '') return text
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`))
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`
}

/** With all its digits. */
export function formatIpv6Fully(address: bigint): string {
  return address.toString(16).padStart(32, '0').match(/.{4}/g)!.join(':')
}

/** One of the eight words of an address, the highest first. */
export function wordOf(address: bigint, at: number): number {
  return Number((address >> BigInt(16 * (words - 1 - at))) & 0xffffn)
}

export function readIpv6Address(bytes: Buffer, at: number): bigint {
  return (bytes.readBigUInt64BE(at) << 64n) | bytes.readBigUInt64BE(at + 8)
}

export function writeIpv6Address(bytes: Buffer, address: bigint, at: number): void {
  bytes.writeBigUInt64BE(address >> 64n, at)
  bytes.writeBigUInt64BE(address & 0xffff_ffff_ffff_ffffn, at + 8)
}

/** Of a group. */
export function isMulticast(address: bigint): boolean {
  return address >> 120n === 0xffn
}

/** Of the own cable only. */
export function isLinkLocal(address: bigint): boolean {
  return address >> 118n === 0xfe80n >> 6n
}
