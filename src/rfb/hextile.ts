import { ByteWriter } from './byte-writer.ts'
import { coloursOf, type EncodedRectangle, type PixelRectangle, tileOf, tilesOf } from './rectangle.ts'

const tileSize = 16
const Flag = { raw: 1, background: 2, foreground: 4, subrectangles: 8, coloured: 16 } as const

/** Hextile: tiles of 16x16, each with a background and rectangles upon it, or raw where that is shorter. */
export function encodeHextile(rectangle: PixelRectangle): EncodedRectangle {
  const { coder, width, height } = rectangle
  const out = new ByteWriter(width * height * coder.bytes + 64)
  let background: number | undefined
  for (const area of tilesOf(rectangle, tileSize)) {
    const tile = tileOf(rectangle, area)
    const counts = coloursOf(tile, tile.length)!
    const [common] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one))
    const rawBytes = 1 + tile.length * coder.bytes
    const parts = counts.size === 1 ? [] : subrectangles(tile, area.width, area.height, common)
    const coloured = counts.size > 2
    const partBytes = coloured ? coder.bytes + 2 : 2
    const bytes = 2 + 2 * coder.bytes + parts.length * partBytes
    if (parts.length > 255 || bytes > rawBytes) {
      out.u8(Flag.raw).append(coder.bytesOf(tile))
      background = undefined // what it was is not known to the client any more
      continue
    }
    const flags =
      (common === background ? 0 : Flag.background) |
      (parts.length > 0 ? Flag.subrectangles | (coloured ? Flag.coloured : Flag.foreground) : 0)
    out.u8(flags)
    if (common !== background) put(out, coder, common)
    background = common
    if (parts.length === 0) continue
    if (!coloured) put(out, coder, parts[0]!.pixel)
    out.u8(parts.length)
    for (const { x, y, width, height, pixel } of parts) {
      if (coloured) put(out, coder, pixel)
      out.u8((x << 4) | y, ((width - 1) << 4) | (height - 1))
    }
  }
  return { head: out.written }
}

function put(out: ByteWriter, coder: PixelRectangle['coder'], pixel: number): void {
  coder.put(out.room(coder.bytes), 0, pixel)
  out.advance(coder.bytes)
}

interface Part {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly pixel: number
}

/** Rectangles that cover everything that is not background: as wide as they can be, then as high. */
function subrectangles(tile: Uint32Array, across: number, down: number, background: number): Part[] {
  const parts: Part[] = []
  const done = new Uint8Array(tile.length)
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const pixel = tile[y * across + x]!
      if (pixel === background || done[y * across + x] === 1) continue
      const fits = (row: number, column: number): boolean =>
        tile[row * across + column] === pixel && done[row * across + column] === 0
      let width = 1
      while (x + width < across && fits(y, x + width)) width++
      let height = 1
      const rowFits = (row: number): boolean => {
        for (let column = x; column < x + width; column++) if (!fits(row, column)) return false
        return true
      }
      while (y + height < down && rowFits(y + height)) height++
      for (let row = y; row < y + height; row++) done.fill(1, row * across + x, row * across + x + width)
      parts.push({ x, y, width, height, pixel })
    }
  }
  return parts
}
