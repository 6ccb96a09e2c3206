import { ByteWriter } from './byte-writer.ts'
import type { Area } from './client-message.ts'
import { coloursOf, type EncodedRectangle, type PixelRectangle, streams } from './rectangle.ts'

/** No rectangle of this encoding is wider; and none has more pixels, so that lengths fit into three bytes. */
const largest = { width: 2048, pixels: 1 << 18 } as const
/** Less is not compressed. */
const leastCompressed = 12
const largestPalette = 256
const explicitFilter = 0x40
const fill = 0x80
const paletteFilter = 1

/** Tight without JPEG: one colour; two colours in bits; up to 256 by numbers; or all pixels; the last three compressed. */
export function encodeTight(rectangle: PixelRectangle): EncodedRectangle {
  const { pixels, coder } = rectangle
  const counts = coloursOf(pixels, Math.min(largestPalette, Math.max(2, pixels.length >> 2)))
  const bytes = coder.tightRgb ? 3 : coder.bytes
  if (counts?.size === 1)
    return { head: new ByteWriter(4).u8(fill).append(pixelBytes(rectangle, pixels.subarray(0, 1))).written }
  const { full, mono, indexed } = streams.tight
  if (counts === undefined || (bytes === 1 && counts.size > 2))
    return withTail(new ByteWriter().u8(full << 4), full, pixelBytes(rectangle, pixels))
  // Of two colours, the first is the more frequent one: the bits are mostly 0.
  const palette = Uint32Array.from(
    [...counts].sort((one, other) => other[1] - one[1]),
    ([pixel]) => pixel,
  )
  const stream = palette.length === 2 ? mono : indexed
  const out = new ByteWriter().u8((stream << 4) | explicitFilter, paletteFilter, palette.length - 1)
  out.append(pixelBytes(rectangle, palette))
  if (stream === mono) return withTail(out, stream, bitmap(rectangle, palette[1]!))
  const index = new Map([...palette].map((pixel, entry) => [pixel, entry]))
  return withTail(
    out,
    stream,
    Uint8Array.from(pixels, (pixel) => index.get(pixel)!),
  )
}

function withTail(head: ByteWriter, stream: number, bytes: Uint8Array): EncodedRectangle {
  if (bytes.length < leastCompressed) return { head: head.append(bytes).written }
  return { head: head.written, tail: { stream, bytes, length: 'compact' } }
}

/** The areas that a large one is sent as. */
export function tightAreas(area: Area): readonly Area[] {
  const rows = Math.max(1, Math.floor(largest.pixels / Math.min(area.width, largest.width)))
  const areas: Area[] = []
  for (let y = 0; y < area.height; y += rows) {
    const height = Math.min(rows, area.height - y)
    for (let x = 0; x < area.width; x += largest.width)
      areas.push({ x: area.x + x, y: area.y + y, width: Math.min(largest.width, area.width - x), height })
  }
  return areas
}

function pixelBytes({ coder }: PixelRectangle, pixels: Uint32Array): Uint8Array {
  if (!coder.tightRgb) return coder.bytesOf(pixels)
  const bytes = new Uint8Array(pixels.length * 3)
  const plain = !coder.format.bigEndian
  const [red, green, blue] = [coder.format.red.shift, coder.format.green.shift, coder.format.blue.shift]
  for (let index = 0, at = 0; index < pixels.length; index++, at += 3) {
    const pixel = pixels[index]!
    if (plain) {
      bytes[at] = pixel >>> red
      bytes[at + 1] = pixel >>> green
      bytes[at + 2] = pixel >>> blue
    } else bytes.set(coder.channels(pixel), at)
  }
  return bytes
}

/** A bit a pixel, each row in whole bytes: 1 where it is `one`. */
function bitmap({ width, height, pixels }: PixelRectangle, one: number): Uint8Array {
  const rowBytes = Math.ceil(width / 8)
  const bits = new Uint8Array(rowBytes * height)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++)
      if (pixels[at] === one) bits[y * rowBytes + (x >> 3)] = bits[y * rowBytes + (x >> 3)]! | (0x80 >> (x & 7))
  }
  return bits
}
