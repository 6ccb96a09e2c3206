import { ByteWriter } from './byte-writer.ts'
import {
  allCompressed,
  coloursOf,
  type EncodedRectangle,
  type PixelRectangle,
  streams,
  tileOf,
  tilesOf,
} from './rectangle.ts'

const tileSize = 64
const largestPalette = 127
const largestPacked = 16
const Subencoding = { raw: 0, solid: 1, plainRuns: 128 } as const

/** ZRLE: tiles of 64x64 in runs or by palettes, all of them compressed as one. */
export function encodeZrle(rectangle: PixelRectangle): EncodedRectangle {
  return allCompressed(streams.zrle, tilesOfZrle(rectangle))
}

function tilesOfZrle(rectangle: PixelRectangle): Uint8Array {
  const { coder, width, height } = rectangle
  const out = new ByteWriter(width * height + 1024)
  for (const area of tilesOf(rectangle, tileSize)) new Tile(tileOf(rectangle, area), area.width, coder).write(out)
  return out.written
}

class Tile {
  readonly #pixels: Uint32Array
  readonly #width: number
  readonly #coder: PixelRectangle['coder']

  constructor(pixels: Uint32Array, width: number, coder: PixelRectangle['coder']) {
    this.#pixels = pixels
    this.#width = width
    this.#coder = coder
  }

  /** In whichever way takes the fewest bytes. */
  write(out: ByteWriter): void {
    const pixels = this.#pixels
    const size = this.#coder.compact.bytes
    const counts = coloursOf(pixels, largestPalette)
    if (counts?.size === 1) {
      out.u8(Subencoding.solid)
      this.#put(out, pixels[0]!)
      return
    }
    const { runs, single, lengthBytes } = this.#runs()
    let best: { readonly bytes: number; write(): void } = {
      bytes: pixels.length * size,
      write: () => this.#writeRaw(out),
    }
    const offer = (bytes: number, write: () => void): void => {
      if (bytes < best.bytes) best = { bytes, write }
    }
    offer(runs * size + lengthBytes, () => this.#writeRuns(out))
    if (counts !== undefined) {
      const palette = [...counts.keys()]
      // A pixel by itself takes the byte of its number alone.
      offer(palette.length * size + runs + lengthBytes - single, () => this.#writePaletteRuns(out, palette))
      if (palette.length <= largestPacked) {
        const rows = pixels.length / this.#width
        offer(palette.length * size + rows * Math.ceil((this.#width * bitsFor(palette.length)) / 8), () =>
          this.#writePacked(out, palette),
        )
      }
    }
    best.write()
  }

  #put(out: ByteWriter, pixel: number): void {
    this.#coder.putCompact(out.room(4), 0, pixel)
    out.advance(this.#coder.compact.bytes)
  }

  #runs(): { runs: number; single: number; lengthBytes: number } {
    let [runs, single, lengthBytes] = [0, 0, 0]
    this.#eachRun((_, length) => {
      runs++
      if (length === 1) single++
      lengthBytes += Math.floor((length - 1) / 255) + 1
    })
    return { runs, single, lengthBytes }
  }

  #eachRun(see: (pixel: number, length: number) => void): void {
    const pixels = this.#pixels
    for (let start = 0, end = 0; start < pixels.length; start = end) {
      const pixel = pixels[start]!
      for (end = start + 1; pixels[end] === pixel; ) end++
      see(pixel, end - start)
    }
  }

  #writeRaw(out: ByteWriter): void {
    out.u8(Subencoding.raw)
    for (const pixel of this.#pixels) this.#put(out, pixel)
  }

  #writeRuns(out: ByteWriter): void {
    out.u8(Subencoding.plainRuns)
    this.#eachRun((pixel, length) => {
      this.#put(out, pixel)
      putLength(out, length)
    })
  }

  #writePaletteRuns(out: ByteWriter, palette: readonly number[]): void {
    const index = this.#writePalette(out, 128 | palette.length, palette)
    this.#eachRun((pixel, length) => {
      const entry = index.get(pixel)!
      if (length === 1) out.u8(entry)
      else putLength(out.u8(128 | entry), length)
    })
  }

  #writePacked(out: ByteWriter, palette: readonly number[]): void {
    const index = this.#writePalette(out, palette.length, palette)
    const bits = bitsFor(palette.length)
    for (let at = 0; at < this.#pixels.length; ) {
      for (const end = at + this.#width; at < end; ) {
        let byte = 0
        for (let shift = 8 - bits; shift >= 0; shift -= bits, at++)
          if (at < end) byte |= index.get(this.#pixels[at]!)! << shift
        at = Math.min(at, end)
        out.u8(byte)
      }
    }
  }

  #writePalette(out: ByteWriter, subencoding: number, palette: readonly number[]): Map<number, number> {
    out.u8(subencoding)
    for (const pixel of palette) this.#put(out, pixel)
    return new Map(palette.map((pixel, entry) => [pixel, entry]))
  }
}

function bitsFor(colours: number): 1 | 2 | 4 {
  if (colours <= 2) return 1
  return colours <= 4 ? 2 : 4
}

function putLength(out: ByteWriter, length: number): void {
  let left = length - 1
  for (; left >= 255; left -= 255) out.u8(255)
  out.u8(left)
}
