import { decodeSequence, isCharacter } from './utf8.ts'

/** Why a string token is no string. */
export class StringError extends Error {
  override readonly name = 'StringError'
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

const ascii = new TextDecoder('latin1')

/**
 * The value of a string token.
 *
 * @param bytes the token with its quotes
 * @throws {StringError} with QEMU's text, if an escape or a byte sequence is not valid
 */
export function stringValue(bytes: Uint8Array): string {
  const end = bytes.length - 1
  let text = ''
  let at = 1
  while (at < end) {
    const plain = at
    while (at < end && bytes[at]! < 0x80 && bytes[at] !== 0x5c) at++
    if (at > plain) text += ascii.decode(bytes.subarray(plain, at))
    if (at >= end) break
    if (bytes[at] === 0x5c) {
      const { text: escaped, length } = readEscape(bytes, at)
      text += escaped
      at += length
    } else {
      const { codePoint, length } = decodeSequence(bytes, at)
      if (codePoint < 0) throw new StringError('invalid UTF-8 sequence in string')
      text += String.fromCodePoint(codePoint)
      at += length
    }
  }
  return text
}

function readEscape(bytes: Uint8Array, at: number): { text: string; length: number } {
  const letter = String.fromCharCode(bytes[at + 1]!)
  if (letter !== 'u') {
    const text = escapes[letter]
    if (text === undefined) throw new StringError('invalid escape sequence in string')
    return { text, length: 2 }
  }
  let codePoint = hex4(bytes, at + 2)
  let length = 6
  if (codePoint >= 0xd800 && codePoint <= 0xdbff && bytes[at + 6] === 0x5c && bytes[at + 7] === 0x75) {
    const trailing = hex4(bytes, at + 8)
    if (trailing >= 0xdc00 && trailing <= 0xdfff) {
      codePoint = 0x10000 + ((codePoint & 0x3ff) << 10) + (trailing & 0x3ff)
      length = 12
    } else {
      codePoint = -1
    }
  }
  if (!isCharacter(codePoint)) {
    const written = ascii.decode(bytes.subarray(at, at + length))
    throw new StringError(`${written} is not a valid Unicode character`)
  }
  return { text: String.fromCodePoint(codePoint), length }
}

/** Four hexadecimal digits, or -1. */
function hex4(bytes: Uint8Array, at: number): number {
  const text = ascii.decode(bytes.subarray(at, at + 4))
  return /^[0-9a-fA-F]{4}$/.test(text) ? Number.parseInt(text, 16) : -1
}
