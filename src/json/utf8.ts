const smallest = [0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000]
const replacement = 0xfffd

/** Whether QEMU lets a code point into a string: no surrogates, no noncharacters. */
export function isCharacter(codePoint: number): boolean {
  if (codePoint < 0 || codePoint > 0x10ffff) return false
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return false
  if (codePoint >= 0xfdd0 && codePoint <= 0xfdef) return false
  return (codePoint & 0xfffe) !== 0xfffe
}

/** How many bytes a lead byte announces, itself included; 1 for what is no lead byte. */
function announced(lead: number): number {
  return lead < 0xc0 || lead >= 0xfe ? 1 : Math.clz32(~(lead << 24))
}

/**
 * How many bytes the sequence at `at` takes, valid or not: a lead byte and those continuation bytes that belong to it,
 * before `end`.
 */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const length = announced(bytes[at]!)
  for (let index = 1; index < length; index++) {
    if (at + index >= end || (bytes[at + index]! & 0xc0) !== 0x80) return index
  }
  return length
}

/** The code point at `at` in modified UTF-8 (NUL may be written as C0 80), or -1 if the sequence is not valid. */
export function decodeSequence(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!
  if (lead < 0x80) return lead
  const length = announced(lead)
  if (length === 1 || sequenceLength(bytes, at, end) < length) return -1
  let codePoint = lead & (0x7f >> length)
  for (let index = 1; index < length; index++) codePoint = codePoint * 64 + (bytes[at + index]! & 0x3f)
  const overlong = codePoint < smallest[length]! && !(codePoint === 0 && length === 2)
  return isCharacter(codePoint) && !overlong ? codePoint : -1
}

/** Bytes as text, each bad sequence as U+FFFD; ends at a NUL byte, as C strings do. */
export function decodeLossily(bytes: Uint8Array, from: number, to: number): string {
  const nul = bytes.subarray(from, to).indexOf(0)
  const end = nul < 0 ? to : from + nul
  const text = new TextBuilder()
  for (let at = from; at < end; at += sequenceLength(bytes, at, end)) {
    const codePoint = decodeSequence(bytes, at, end)
    text.add(codePoint < 0 ? replacement : codePoint)
  }
  return text.toString()
}

const unitsPerPart = 1024

/** Collects code points into a string without a node for each of them. */
export class TextBuilder {
  readonly #units: number[] = []
  #text = ''

  add(codePoint: number): void {
    if (this.#units.length >= unitsPerPart) this.#flush()
    if (codePoint > 0xffff) this.#units.push(0xd800 + ((codePoint - 0x10000) >> 10), 0xdc00 + (codePoint & 0x3ff))
    else this.#units.push(codePoint)
  }

  toString(): string {
    this.#flush()
    return this.#text
  }

  #flush(): void {
    this.#text += String.fromCharCode.apply(null, this.#units)
    this.#units.length = 0
  }
}
