import type { Area } from './client-message.ts'
import { encodeHextile } from './hextile.ts'
import { Encoding } from './numbers.ts'
import { encodeRaw, encodeZlib, type RectangleEncoder } from './rectangle.ts'
import { encodeTight, tightAreas } from './tight.ts'
import { encodeZrle } from './zrle.ts'

/** A way to send what a picture shows. */
export interface PictureEncoding {
  readonly number: number
  readonly encode: RectangleEncoder
  /** The areas that one is sent as. */
  readonly areas: (area: Area) => readonly Area[]
}

const asItIs = (area: Area): readonly Area[] => [area]

/** Every client understands it. */
export const rawEncoding: PictureEncoding = { number: Encoding.raw, encode: encodeRaw, areas: asItIs }

const encodings: readonly PictureEncoding[] = [
  rawEncoding,
  { number: Encoding.hextile, encode: encodeHextile, areas: asItIs },
  { number: Encoding.zlib, encode: encodeZlib, areas: asItIs },
  { number: Encoding.zrle, encode: encodeZrle, areas: asItIs },
  { number: Encoding.tight, encode: encodeTight, areas: tightAreas },
]

/** The first of these numbers that is a way to send pictures; raw, if there is none. */
export function preferredEncoding(numbers: readonly number[]): PictureEncoding {
  for (const number of numbers) {
    const found = encodings.find((encoding) => encoding.number === number)
    if (found !== undefined) return found
  }
  return rawEncoding
}
