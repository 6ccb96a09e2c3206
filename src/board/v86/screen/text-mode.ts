import type { Picture, TextScreen } from '../../board.ts'
import { codePage437 } from './code-page-437.ts'
import { attributeColours } from './palette.ts'
import type { PictureMemory, VgaDevice } from './vga-device.ts'

/** How a text mode is laid out, on the screen and in memory; in characters, but for `cellWidth` and `cellHeight`. */
export interface TextLayout {
  readonly columns: number
  readonly rows: number
  /** 8, 9 or 16 pixels. */
  readonly cellWidth: number
  /** 1 to 32 pixels. */
  readonly cellHeight: number
  /** Where the first row begins. */
  readonly start: number
  /** From the begin of one row to that of the next. */
  readonly stride: number
}

/** More cells than this are no mode but a moment between two: nothing is drawn then. */
const maxCells = 160 * 100
const planeBytes = 0x10000
const fontPlane = 2 * planeBytes
/** A glyph has room for 32 rows, of which the cell height is drawn. */
const glyphBytes = 32
const fontBytes = 256 * glyphBytes

/** The layout of the text mode that the registers describe; undefined while they describe none. */
export function textLayout(vga: VgaDevice): TextLayout | undefined {
  const cellHeight = (vga.max_scan_line & 0x1f) + 1
  const columns = vga.horizontal_display_enable_end + 1
  const rows = Math.floor((vga.vertical_display_enable_end + 1) / cellHeight)
  const cells = columns * rows
  if (cells <= 1 || cells > maxCells) return undefined
  return {
    columns,
    rows,
    cellWidth: vga.clocking_mode & 0x08 ? 16 : vga.clocking_mode & 0x01 ? 8 : 9,
    cellHeight,
    start: vga.start_address,
    stride: vga.offset_register * 2,
  }
}

/**
 * Draws a text mode as QEMU does: all sixteen backgrounds (the blink bit never blinks), the ninth column repeated for
 * the characters 0xB0 to 0xDF if the attribute controller says so, no split screen.
 *
 * @param cursorLit - whether the blinking cursor is in its visible phase
 */
export function drawText(vga: VgaDevice, layout: TextLayout, cursorLit: boolean, memoryFor: PictureMemory): Picture {
  const { columns, rows, cellWidth, cellHeight } = layout
  const width = columns * cellWidth
  const height = rows * cellHeight
  const rgb = memoryFor(width * height * 3)
  const colours = attributeColours(vga)
  const fonts = fontOffsets(vga.character_map_select)
  const repeatNinth = (vga.attribute_mode & 0x04) !== 0
  const memory = vga.vga_memory
  const cursor = cursorLit ? cursorShape(vga, cellHeight) : undefined

  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const cell = layout.start + row * layout.stride + column
      const character = memory[cellAddress(cell)]!
      const attribute = memory[cellAddress(cell) + 1]!
      const foreground = colours[attribute & 0x0f]!
      const background = colours[attribute >> 4]!
      const glyph = fonts[(attribute >> 3) & 1]! + character * glyphBytes
      const ninth = repeatNinth && character >= 0xb0 && character <= 0xdf
      for (let y = 0; y < cellHeight; y++) {
        const lit = cursor !== undefined && cell === vga.cursor_address && y >= cursor.first && y <= cursor.last
        const dots = lit ? allDots : memory[glyph + y]!
        if (dots === 0 && background === 0) continue // most of most screens; a new picture is black
        const wide = lit ? allDots : widen(dots, cellWidth, ninth)
        let at = ((row * cellHeight + y) * width + column * cellWidth) * 3
        for (let bit = cellWidth - 1; bit >= 0; bit--) {
          const colour = (wide >> bit) & 1 ? foreground : background
          rgb[at++] = colour >> 16
          rgb[at++] = colour >> 8
          rgb[at++] = colour
        }
      }
    }
  }
  return { width, height, rgb }
}

/** From where to where a text mode shows memory: its cells and its fonts; undefined if the cells go round its end. */
export function textBytes(
  vga: VgaDevice,
  { columns, rows, start, stride }: TextLayout,
): readonly (readonly [from: number, to: number])[] | undefined {
  const last = start + (rows - 1) * stride + columns - 1
  const goesRound = cellAddress(start) + 2 * (last - start) !== cellAddress(last)
  if (goesRound) return undefined
  const fonts = fontOffsets(vga.character_map_select).map((from) => [from, from + fontBytes] as const)
  return [[cellAddress(start), cellAddress(last) + 2], ...fonts]
}

/** What a text mode says: characters, attributes and cursor. */
export function readText(vga: VgaDevice, { columns, rows, cellHeight, start, stride }: TextLayout): TextScreen {
  const lines: string[] = []
  const attributes = new Uint8Array(columns * rows)
  let cursor: TextScreen['cursor'] = { row: 0, column: 0, visible: false }
  const shown = cursorShape(vga, cellHeight) !== undefined
  for (let row = 0; row < rows; row++) {
    let line = ''
    for (let column = 0; column < columns; column++) {
      const cell = start + row * stride + column
      line += codePage437[vga.vga_memory[cellAddress(cell)]!]
      attributes[row * columns + column] = vga.vga_memory[cellAddress(cell) + 1]!
      if (cell === vga.cursor_address) cursor = { row, column, visible: shown }
    }
    lines.push(line)
  }
  return { columns, rows, lines, attributes, cursor }
}

const allDots = 0xffff

/** A glyph's row of 8 dots, in the width of the cell; the leftmost dot is the highest bit. */
function widen(dots: number, cellWidth: number, repeatNinth: boolean): number {
  if (cellWidth === 8) return dots
  if (cellWidth === 9) return (dots << 1) | (repeatNinth ? dots & 1 : 0)
  let wide = 0
  for (let bit = 7; bit >= 0; bit--) wide = (wide << 2) | ((dots >> bit) & 1 ? 3 : 0)
  return wide
}

/** v86 keeps a cell's character and attribute side by side, from the begin of its memory. */
function cellAddress(cell: number): number {
  return (cell << 1) & (4 * planeBytes - 1)
}

/** Where in memory the two fonts begin: first the one for attributes without bit 3, then the one for those with it. */
function fontOffsets(select: number): readonly [number, number] {
  // The third bit of each number stands apart, and counts 8 KiB where the others count 16.
  const font = (low: number, high: number): number => fontPlane + (low * 2 + high) * 0x2000
  return [font(select & 3, (select >> 4) & 1), font((select >> 2) & 3, (select >> 5) & 1)]
}

/** The scan lines of a cell that the cursor fills; undefined if it is switched off or has none. */
export function cursorShape(vga: VgaDevice, cellHeight: number): { first: number; last: number } | undefined {
  const first = vga.cursor_scanline_start & 0x1f
  const last = Math.min(vga.cursor_scanline_end & 0x1f, cellHeight - 1)
  const off = (vga.cursor_scanline_start & 0x20) !== 0
  return off || first > last ? undefined : { first, last }
}
