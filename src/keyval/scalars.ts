/** What became of a text that should be a number: its value, or why it has none. */
export type Scanned = bigint | 'malformed' | 'out of range'

const words: ReadonlyMap<string, boolean> = new Map([
  ...['on', 'yes', 'true', 'y'].map((word) => [word, true] as const),
  ...['off', 'no', 'false', 'n'].map((word) => [word, false] as const),
])

/** One of QEMU's words for yes and no (case counts), or undefined. */
export function parseBoolean(text: string): boolean | undefined {
  return words.get(text)
}

const integer = /^[ \t\n\v\f\r]*([-+]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i
const uint64Limit = 1n << 64n
const int64Limit = 1n << 63n

/** An integer below 2^64 as C's strtoull() reads it: decimal, `0x...`, `0...` octal; -1 is 2^64 - 1. */
export function parseUint64(text: string): Scanned {
  const value = scanInteger(text)
  if (value === undefined) return 'malformed'
  if (value >= uint64Limit || value <= -uint64Limit) return 'out of range'
  return BigInt.asUintN(64, value)
}

/** A signed integer of 64 bits as C's strtoll() reads it: decimal, `0x...`, `0...` octal. */
export function parseInt64(text: string): Scanned {
  const value = scanInteger(text)
  if (value === undefined) return 'malformed'
  return value >= int64Limit || value < -int64Limit ? 'out of range' : value
}

function scanInteger(text: string): bigint | undefined {
  const match = integer.exec(text)
  if (match === null) return undefined
  const digits = match[2]!
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase())
  return match[1] === '-' ? -magnitude : magnitude
}

const size = /^[ \t\n\v\f\r]*\+?(?:(0x[0-9a-f]+)|([0-9]+)(?:\.([0-9]*))?)([bkmgtpe]?)$/i
const suffixes = 'bkmgtpe'

/**
 * A size in bytes, below 2^64: an integer, or a fraction of a unit (`1.5G`, rounded to the next byte), with a suffix of
 * powers of 1024 (`k`, `M`, ...; `b` is 1). A fraction of a byte is malformed. Leading zeros do not make it octal; in
 * hexadecimal, `b` and `e` are digits.
 */
export function parseSize(text: string): Scanned {
  const match = size.exec(text)
  if (match === null) return 'malformed'
  const [, hexadecimal, whole = '0', fraction = '', suffix = ''] = match
  const scale = 1n << BigInt(10 * suffixes.indexOf(suffix.toLowerCase() || 'b'))
  let bytes = BigInt(hexadecimal?.toLowerCase() ?? whole) * scale
  if (/[1-9]/.test(fraction)) {
    if (scale === 1n) return 'malformed'
    const denominator = 10n ** BigInt(fraction.length)
    bytes += (2n * BigInt(fraction) * scale + denominator) / (2n * denominator)
  }
  return bytes >= uint64Limit ? 'out of range' : bytes
}
