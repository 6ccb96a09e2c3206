import { ByteWriter } from './byte-writer.ts'
import type { Area } from './client-message.ts'
import type { PixelCoder } from './pixel-format.ts'

/** A part of a picture, as colours 0xRRGGBB in rows from the top. */
export interface ColourRectangle extends Area {
  readonly colours: Uint32Array
}

/** A part of a picture in a client's pixels, as encoders take it. */
export interface PixelRectangle {
  readonly width: number
  readonly height: number
  readonly pixels: Uint32Array
  readonly coder: PixelCoder
}

/** What a rectangle is sent as. */
export interface EncodedRectangle {
  /** Stands as it is. */
  readonly head: Uint8Array
  /** Follows compressed, behind its length. */
  readonly tail?: CompressedTail
}

export interface CompressedTail {
  /** Which of the connection's streams of compressed bytes it belongs to. */
  readonly stream: number
  readonly bytes: Uint8Array
  /** How its length is told: in four bytes, or in one to three of seven bits each. */
  readonly length: 'long' | 'compact'
}

export type RectangleEncoder = (rectangle: PixelRectangle) => EncodedRectangle

/** Begins a stream of compressed bytes; what follows are blocks of DEFLATE, each up to a byte's end (RFC 1950). */
const zlibHeader = Uint8Array.of(0x78, 0x01)

/**
 * A tail as it is sent.
 *
 * @param blocks - its bytes, compressed by themselves (DEFLATE, up to a sync flush): so they are the same for everybody
 * @param first - nothing was sent in that stream yet
 */
export function printTail({ length }: CompressedTail, blocks: Uint8Array, first: boolean): Uint8Array {
  const bytes = blocks.length + (first ? zlibHeader.length : 0)
  const out = new ByteWriter(bytes + 4)
  if (length === 'long') out.u32(bytes)
  else if (bytes < 0x80) out.u8(bytes)
  else if (bytes < 0x4000) out.u8(0x80 | (bytes & 0x7f), bytes >> 7)
  else out.u8(0x80 | (bytes & 0x7f), 0x80 | ((bytes >> 7) & 0x7f), bytes >> 14)
  if (first) out.append(zlibHeader)
  return out.append(blocks).written
}

export function printRectangleHeader({ x, y, width, height }: Area, encoding: number): Uint8Array {
  return new ByteWriter(12).u16(x, y, width, height).u32(encoding).written
}

/** The streams of a connection, by number: those of Tight are the first. */
export const streams = { tight: { full: 0, mono: 1, indexed: 2 }, zlib: 4, zrle: 5, count: 6 } as const

const nothing = new Uint8Array(0)

export function encodeRaw({ pixels, coder }: PixelRectangle): EncodedRectangle {
  return { head: coder.bytesOf(pixels) }
}

export function encodeZlib({ pixels, coder }: PixelRectangle): EncodedRectangle {
  return allCompressed(streams.zlib, coder.bytesOf(pixels))
}

/** ZRLE and its kind: everything is compressed. */
export function allCompressed(stream: number, bytes: Uint8Array): EncodedRectangle {
  return { head: nothing, tail: { stream, bytes, length: 'long' } }
}

/** The pixels of a part of a rectangle. */
export function tileOf({ width: across, pixels }: PixelRectangle, { x, y, width, height }: Area): Uint32Array {
  const tile = new Uint32Array(width * height)
  for (let row = 0; row < height; row++) {
    const from = (y + row) * across + x
    tile.set(pixels.subarray(from, from + width), row * width)
  }
  return tile
}

/** The tiles of a rectangle, row by row; at its right and lower edge they may be smaller. */
export function* tilesOf({ width, height }: { width: number; height: number }, size: number): Generator<Area> {
  for (let y = 0; y < height; y += size) {
    for (let x = 0; x < width; x += size)
      yield { x, y, width: Math.min(size, width - x), height: Math.min(size, height - y) }
  }
}

/** No pixel. */
const none = -1

/** Colours and how often there are, up to so many; undefined if there are more. */
export function coloursOf(pixels: Uint32Array, most: number): Map<number, number> | undefined {
  // Most parts of a text have two colours at the most, and are counted without a look into a map.
  const first = pixels[0]!
  let second = none
  let [ofFirst, ofSecond, at] = [0, 0, 0]
  for (; at < pixels.length; at++) {
    const pixel = pixels[at]!
    if (pixel === first) ofFirst++
    else if (pixel === second) ofSecond++
    else if (second !== none) break
    else if (most < 2) return undefined
    else {
      second = pixel
      ofSecond++
    }
  }
  const counts = new Map([[first, ofFirst]])
  if (second !== none) counts.set(second, ofSecond)
  let last = none
  let run = 0
  for (; at < pixels.length; at++) {
    const pixel = pixels[at]!
    if (pixel === last) {
      run++
      continue
    }
    if (run > 0) counts.set(last, (counts.get(last) ?? 0) + run)
    if (!counts.has(pixel) && counts.size >= most) return undefined
    last = pixel
    run = 1
    if (!counts.has(pixel)) counts.set(pixel, 0)
  }
  if (run > 0) counts.set(last, (counts.get(last) ?? 0) + run)
  return counts
}
