import { backslash } from './characters.ts'
import { asciiText } from './short-text.ts'
import { decodeLossily, decodeSequence, isCharacter, sequenceLength, TextBuilder } from './utf8.ts'

/** Why a string token is no string, in QEMU's words. */
export interface StringFlaw {
  readonly flaw: string
}

/** What a letter behind a backslash stands for. */
const escapes: ReadonlyMap<number, number> = new Map(
  ['""', "''", '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]),
)
const letterU = 0x75

/** The value of a string token that stands, with its quotes, in `bytes` from `from` to `to`. */
export function stringValue(bytes: Uint8Array, from: number, to: number): string | StringFlaw {
  const end = to - 1
  let at = from + 1
  while (at < end && bytes[at]! < 0x80 && bytes[at] !== backslash) at++
  if (at === end) return asciiText(bytes, from + 1, end)
  const text = new TextBuilder()
  at = from + 1
  while (at < end) {
    const byte = bytes[at]!
    if (byte === backslash) {
      const letter = bytes[at + 1]!
      if (letter === letterU) {
        const length = escapeLength(bytes, at)
        const codePoint = escapedCodePoint(bytes, at, length)
        if (!isCharacter(codePoint)) {
          // Four characters are taken blindly, even the closing quote, but nothing behind the token.
          const written = decodeLossily(bytes, at, Math.min(at + length, to))
          return { flaw: `${written} is not a valid Unicode character` }
        }
        text.add(codePoint)
        at += length
      } else {
        const codePoint = escapes.get(letter)
        if (codePoint === undefined) return { flaw: 'invalid escape sequence in string' }
        text.add(codePoint)
        at += 2
      }
    } else if (byte < 0x80) {
      text.add(byte)
      at++
    } else {
      const codePoint = decodeSequence(bytes, at, end)
      if (codePoint < 0) return { flaw: 'invalid UTF-8 sequence in string' }
      text.add(codePoint)
      at += sequenceLength(bytes, at, end)
    }
  }
  return text.toString()
}

const isLeading = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isTrailing = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** 12 bytes for two escapes that make a surrogate pair, otherwise 6. */
function escapeLength(bytes: Uint8Array, at: number): 6 | 12 {
  const paired = isLeading(hex4(bytes, at + 2)) && bytes[at + 6] === backslash && bytes[at + 7] === letterU
  return paired && isTrailing(hex4(bytes, at + 8)) ? 12 : 6
}

function escapedCodePoint(bytes: Uint8Array, at: number, length: 6 | 12): number {
  const unit = hex4(bytes, at + 2)
  return length === 6 ? unit : 0x10000 + ((unit & 0x3ff) << 10) + (hex4(bytes, at + 8) & 0x3ff)
}

/** Four hexadecimal digits, or -1. */
function hex4(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let index = at; index < at + 4; index++) {
    const digit = hexDigit(bytes[index])
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
