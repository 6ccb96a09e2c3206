import { RfbError } from './rfb-error.ts'

/** How a pixel's colour stands in its bytes. */
export interface PixelFormat {
  readonly bitsPerPixel: 8 | 16 | 32
  readonly depth: number
  readonly bigEndian: boolean
  /** Without it, pixels are numbers in a map of colours, which the server sends. */
  readonly trueColour: boolean
  readonly red: Channel
  readonly green: Channel
  readonly blue: Channel
}

export interface Channel {
  /** The strongest value, 2^n - 1. */
  readonly max: number
  /** How far it is from the lowest bit. */
  readonly shift: number
}

/** What a server proposes: red, green and blue in a word of the host. */
export const usualFormat: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  red: { max: 255, shift: 16 },
  green: { max: 255, shift: 8 },
  blue: { max: 255, shift: 0 },
}

/** The map of colours that a client gets which wants one: 3 bits of red, 3 of green, 2 of blue. */
const mapped: PixelFormat = {
  bitsPerPixel: 8,
  depth: 8,
  bigEndian: false,
  trueColour: false,
  red: { max: 7, shift: 0 },
  green: { max: 7, shift: 3 },
  blue: { max: 3, shift: 6 },
}

export const pixelFormatBytes = 16

export function printPixelFormat({
  bitsPerPixel,
  depth,
  bigEndian,
  trueColour,
  red,
  green,
  blue,
}: PixelFormat): Uint8Array {
  const bytes = new Uint8Array(pixelFormatBytes)
  const view = new DataView(bytes.buffer)
  bytes.set([bitsPerPixel, depth, bigEndian ? 1 : 0, trueColour ? 1 : 0])
  for (const [index, { max, shift }] of [red, green, blue].entries()) {
    view.setUint16(4 + 2 * index, max)
    bytes[10 + index] = shift
  }
  return bytes
}

/** @throws {RfbError} if no picture can be sent like that */
export function readPixelFormat(bytes: Uint8Array): PixelFormat {
  const view = new DataView(bytes.buffer, bytes.byteOffset, pixelFormatBytes)
  const [bitsPerPixel, depth, bigEndian, trueColour] = bytes as unknown as [number, number, number, number]
  if (trueColour === 0) return mapped
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32)
    throw new RfbError(`pixels of ${bitsPerPixel} bits cannot be sent`)
  const [red, green, blue] = [0, 1, 2].map((index): Channel => {
    const max = view.getUint16(4 + 2 * index) || 255
    // As many bits as it has ones, and no more than a colour has.
    const bits = Math.min(8, bitsOf(max))
    return { max: 2 ** bits - 1, shift: bytes[10 + index]! & 31 }
  }) as [Channel, Channel, Channel]
  return { bitsPerPixel, depth, bigEndian: bigEndian !== 0, trueColour: true, red, green, blue }
}

/** The map's colours: red, green and blue of each, 16 bits wide. */
export function colourMap({ red, green, blue }: PixelFormat = mapped): Uint16Array {
  const colours = new Uint16Array(256 * 3)
  for (let index = 0; index < 256; index++) {
    for (const [place, { max, shift }] of [red, green, blue].entries())
      colours[index * 3 + place] = ((index >> shift) & max) << (16 - bitsOf(max))
  }
  return colours
}

function bitsOf(max: number): number {
  let bits = 0
  for (let rest = max; rest > 0; rest >>= 1) bits += rest & 1
  return bits
}

/** Colours as a client wants them. */
export class PixelCoder {
  readonly format: PixelFormat
  /** Bytes of a pixel. */
  readonly bytes: 1 | 2 | 4
  /** Where the bytes of a pixel begin and end that are not always 0: of four, three may do (CPIXEL of ZRLE). */
  readonly compact: { readonly first: number; readonly bytes: number }
  /** Red, green and blue, one byte each, stand for the pixel (TPIXEL of Tight). */
  readonly tightRgb: boolean
  readonly #red: Uint32Array
  readonly #green: Uint32Array
  readonly #blue: Uint32Array
  /** Pixels are colours as they are. */
  readonly #plain: boolean

  constructor(format: PixelFormat) {
    this.format = format
    this.bytes = (format.bitsPerPixel / 8) as 1 | 2 | 4
    const { red, green, blue } = format
    const table = ({ max, shift }: Channel): Uint32Array =>
      Uint32Array.from({ length: 256 }, (_, value) => this.#stored(((value * (max + 1)) >> 8) << shift))
    this.#red = table(red)
    this.#green = table(green)
    this.#blue = table(blue)
    this.#plain = [0, 1, 0x80, 0xff].every(
      (value) => this.#red[value] === value << 16 && this.#green[value] === value << 8 && this.#blue[value] === value,
    )
    this.compact = this.#compact()
    this.tightRgb = this.bytes === 4 && format.depth === 24 && [red, green, blue].every(({ max }) => max === 255)
  }

  /** Pixels of the client's, its first byte in the lowest bits, of colours 0xRRGGBB; perhaps these themselves. */
  encode(colours: Uint32Array): Uint32Array {
    if (this.#plain) return colours
    const [red, green, blue] = [this.#red, this.#green, this.#blue]
    const pixels = new Uint32Array(colours.length)
    for (let index = 0; index < colours.length; index++) {
      const colour = colours[index]!
      pixels[index] = red[(colour >> 16) & 0xff]! | green[(colour >> 8) & 0xff]! | blue[colour & 0xff]!
    }
    return pixels
  }

  /** Writes the bytes of a pixel; returns where the next goes. */
  put(into: Uint8Array, at: number, pixel: number): number {
    for (let byte = 0; byte < this.bytes; byte++) into[at + byte] = pixel >>> (8 * byte)
    return at + this.bytes
  }

  /** The same without the byte that is always 0. */
  putCompact(into: Uint8Array, at: number, pixel: number): number {
    const { first, bytes } = this.compact
    for (let byte = 0; byte < bytes; byte++) into[at + byte] = pixel >>> (8 * (first + byte))
    return at + bytes
  }

  /** The bytes of pixels in a row. */
  bytesOf(pixels: Uint32Array): Uint8Array {
    if (this.bytes === 4 && littleEndianHost) return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length * 4)
    const bytes = new Uint8Array(pixels.length * this.bytes)
    for (let index = 0, at = 0; index < pixels.length; index++) at = this.put(bytes, at, pixels[index]!)
    return bytes
  }

  /** Red, green and blue of a pixel, each up to the greatest value of its channel. */
  channels(pixel: number): readonly [red: number, green: number, blue: number] {
    const value = this.#stored(pixel)
    const { red, green, blue } = this.format
    return [(value >>> red.shift) & red.max, (value >>> green.shift) & green.max, (value >>> blue.shift) & blue.max]
  }

  /** A value of the format with its first byte in the lowest bits; and back, as it is the same. */
  #stored(value: number): number {
    const { bitsPerPixel, bigEndian } = this.format
    const kept = bitsPerPixel === 32 ? value >>> 0 : value & (2 ** bitsPerPixel - 1)
    if (!bigEndian || bitsPerPixel === 8) return kept
    if (bitsPerPixel === 16) return ((kept & 0xff) << 8) | (kept >> 8)
    return ((kept << 24) | ((kept & 0xff00) << 8) | ((kept >>> 8) & 0xff00) | (kept >>> 24)) >>> 0
  }

  #compact(): PixelCoder['compact'] {
    const { depth, bigEndian, red, green, blue } = this.format
    const all = { first: 0, bytes: this.bytes }
    if (this.bytes !== 4 || depth > 24) return all
    const channels = [red, green, blue]
    const low = channels.every(({ max, shift }) => max * 2 ** shift < 2 ** 24)
    const high = channels.every(({ shift }) => shift > 7)
    if (bigEndian ? high : low) return { first: 0, bytes: 3 }
    if (bigEndian ? low : high) return { first: 1, bytes: 3 }
    return all
  }
}

const littleEndianHost = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
