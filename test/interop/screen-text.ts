import type { PpmPicture } from './ppm-picture.ts'

const cellWidth = 9
const cellHeight = 16
/** Glyphs of the font that follows this one: blank, and the white smiling face. */
const fontBegin = Buffer.from('0000000000000000000000000000000000007e81a58181bd9981817e00000000', 'hex')

/** Reads pictures of 80x25 text: compares each cell with the glyphs of the font in the video BIOS. */
export class ScreenReader {
  readonly #glyphs = new Map<string, string>()

  /** @throws if the video BIOS does not hold the usual 8x16 font */
  constructor(vgaBios: Buffer) {
    const font = vgaBios.indexOf(fontBegin)
    if (font < 0) throw new Error('no 8x16 font in this video BIOS')
    for (let code = 0x20; code < 0x7f; code++) {
      const rows = vgaBios.subarray(font + code * cellHeight, font + (code + 1) * cellHeight)
      this.#glyphs.set(rows.toString('hex'), String.fromCharCode(code))
    }
  }

  /** The lines of the screen; a cell that is no ASCII character is `?`. */
  read(picture: PpmPicture): string[] {
    if (picture.width !== 80 * cellWidth || picture.height !== 25 * cellHeight) return []
    return Array.from({ length: 25 }, (_, row) =>
      Array.from({ length: 80 }, (_, column) => this.#cell(picture, row, column)).join(''),
    )
  }

  /** Whether a line of the screen contains the text. */
  shows(picture: PpmPicture, text: string): boolean {
    return this.read(picture).some((line) => line.includes(text))
  }

  /** The background is the colour of the ninth column, which ASCII characters leave free. */
  #cell({ width, rgb }: PpmPicture, row: number, column: number): string {
    const glyph = Buffer.alloc(cellHeight)
    for (let y = 0; y < cellHeight; y++) {
      const line = ((row * cellHeight + y) * width + column * cellWidth) * 3
      const background = rgb.subarray(line + 8 * 3, line + 9 * 3)
      for (let x = 0; x < 8; x++) {
        const pixel = rgb.subarray(line + x * 3, line + x * 3 + 3)
        if (Buffer.compare(pixel, background) !== 0) glyph[y]! |= 0x80 >> x
      }
    }
    return this.#glyphs.get(glyph.toString('hex')) ?? '?'
  }
}
