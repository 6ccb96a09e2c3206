/** How many bytes a sequence takes, and the code point, or -1 if it is not valid. */
export interface Decoded {
  readonly codePoint: number
  readonly length: number
}

const smallest = [0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000]

/** Whether QEMU lets a code point into a string: no surrogates, no noncharacters. */
export function isCharacter(codePoint: number): boolean {
  if (codePoint < 0 || codePoint > 0x10ffff) return false
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return false
  if (codePoint >= 0xfdd0 && codePoint <= 0xfdef) return false
  return (codePoint & 0xfffe) !== 0xfffe
}

/**
 * Decodes one sequence of modified UTF-8, in which NUL may be written as C0 80.
 *
 * What is not valid is taken as one bad sequence: a lead byte with the continuation bytes that belong to it.
 */
export function decodeSequence(bytes: Uint8Array, at: number): Decoded {
  const lead = bytes[at]!
  if (lead < 0x80) return { codePoint: lead, length: 1 }
  if (lead >= 0xfe || (lead & 0x40) === 0) return { codePoint: -1, length: 1 }
  const length = Math.clz32(~(lead << 24))
  let codePoint = lead & (0x7f >> length)
  for (let index = 1; index < length; index++) {
    const byte = bytes[at + index] ?? 0
    if ((byte & 0xc0) !== 0x80) return { codePoint: -1, length: index }
    codePoint = codePoint * 64 + (byte & 0x3f)
  }
  const overlong = codePoint < smallest[length]! && !(codePoint === 0 && length === 2)
  return { codePoint: isCharacter(codePoint) && !overlong ? codePoint : -1, length }
}

/** Bytes as text, each bad sequence as U+FFFD; ends at a NUL byte, as C strings do. */
export function decodeLossily(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const { codePoint, length } = decodeSequence(bytes, at)
    text += String.fromCodePoint(codePoint < 0 ? 0xfffd : codePoint)
    at += length
  }
  return text
}
