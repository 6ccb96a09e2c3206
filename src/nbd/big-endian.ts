/** Numbers in network order. */

/** A number of 64 bits: a `bigint` where a `number` would not be exact. */
export type Wide = number | bigint

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

export function readU64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(readU32(bytes, at)) << 32n) | BigInt(readU32(bytes, at + 4))
}

export function readWide(bytes: Uint8Array, at: number): Wide {
  const high = readU32(bytes, at)
  return high < 0x20_0000 ? high * 2 ** 32 + readU32(bytes, at + 4) : readU64(bytes, at)
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export function writeU64(bytes: Uint8Array, at: number, value: Wide): void {
  if (typeof value === 'number' && value < 2 ** 32) {
    writeU32(bytes, at, 0)
    writeU32(bytes, at + 4, value)
    return
  }
  const wide = BigInt(value)
  writeU32(bytes, at, Number((wide >> 32n) & 0xffff_ffffn))
  writeU32(bytes, at + 4, Number(wide & 0xffff_ffffn))
}

/** Puts pieces one after the other. */
export function concatenate(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export const toBytes = (text: string): Uint8Array => encoder.encode(text)
export const toText = (bytes: Uint8Array): string => decoder.decode(bytes)

/** 16 bits. */
export function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  writeU16(bytes, 0, value)
  return bytes
}

/** 32 bits each. */
export function u32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  for (const [index, value] of values.entries()) writeU32(bytes, 4 * index, value)
  return bytes
}

/** 64 bits. */
export function u64(value: Wide): Uint8Array {
  const bytes = new Uint8Array(8)
  writeU64(bytes, 0, value)
  return bytes
}

/** A length of 32 bits, and the text. */
export function counted(text: string): Uint8Array {
  const bytes = toBytes(text)
  return concatenate(u32(bytes.byteLength), bytes)
}
