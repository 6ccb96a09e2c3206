/** What a ring of bytes says in texts of JSON. */

/**
 * Bytes of a text in base64, as GLib reads it: line ends are passed over, four characters make up to three bytes, and
 * what is left of fewer than four makes none.
 *
 * @returns undefined if there is a character that base64 has not
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/=\n]*$/.test(text)) return undefined
  const groups = text.replaceAll('\n', '').match(/.{4}/g) ?? []
  return Buffer.concat(groups.map(decodeGroup))
}

/** Four characters; a sign of equality counts as zero, and takes away the byte that it stands for. */
function decodeGroup(group: string): Buffer {
  const bytes = Buffer.from(group.replaceAll('=', 'A'), 'base64')
  const kept = [true, group[2] !== '=', group[3] !== '=']
  return Buffer.from(bytes.filter((_, index) => kept[index]))
}

/** Smallest code points of sequences of 2 to 6 bytes. */
const smallest = [0x80, 0x800, 0x10000, 0x200000, 0x4000000]
const replacement = '\ufffd'

/**
 * The text that QEMU's JSON makes of bytes: UTF-8 up to the first zero, but for U+0000 in two bytes. A sequence that is no
 * character becomes one U+FFFD.
 */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  const length = end < 0 ? bytes.length : end
  let text = ''
  for (let at = 0; at < length; ) {
    const { codePoint, size } = sequenceAt(bytes.subarray(at, length))
    text += codePoint === undefined ? replacement : String.fromCodePoint(codePoint)
    at += size
  }
  return text
}

function sequenceAt(bytes: Uint8Array): { codePoint: number | undefined; size: number } {
  const first = bytes[0]!
  if (first < 0x80) return { codePoint: first, size: 1 }
  if (first < 0xc0 || first >= 0xfe) return { codePoint: undefined, size: 1 }
  const length = Math.clz32(~(first << 24))
  let codePoint = first & (0x7f >> length)
  for (let index = 1; index < length; index++) {
    const byte = bytes[index]
    if (byte === undefined || (byte & 0xc0) !== 0x80) return { codePoint: undefined, size: index }
    codePoint = codePoint * 64 + (byte & 0x3f)
  }
  return { codePoint: isCharacter(codePoint, length) ? codePoint : undefined, size: length }
}

function isCharacter(codePoint: number, length: number): boolean {
  if (codePoint === 0) return length === 2
  const nonCharacter = (codePoint >= 0xfdd0 && codePoint <= 0xfdef) || (codePoint & 0xfffe) === 0xfffe
  const surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff
  return codePoint <= 0x10ffff && codePoint >= smallest[length - 2]! && !nonCharacter && !surrogate
}
