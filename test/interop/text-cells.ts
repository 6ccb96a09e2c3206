/** Pictures of a text screen, compared cell by cell. */
import type { PpmPicture } from './ppm-picture.ts'

const cell = { width: 9, height: 16 }
/** The lines of a cell that a cursor covers; it blinks. */
const cursorLines = { first: 13, last: 15 }

/**
 * The cells of 9x16 pixels in which two pictures of the same size differ, as `row,column`. Where the two differ in
 * nothing but a cursor, and in one cell at most, they are taken for equal.
 */
export function differingCells(a: PpmPicture, b: PpmPicture): readonly string[] {
  const cells = new Set<string>()
  const outsideCursor = new Set<string>()
  for (let at = 0; at < a.rgb.length; at += 3) {
    if (a.rgb[at] === b.rgb[at] && a.rgb[at + 1] === b.rgb[at + 1] && a.rgb[at + 2] === b.rgb[at + 2]) continue
    const [x, y] = [(at / 3) % a.width, Math.floor(at / 3 / a.width)]
    const name = `${Math.floor(y / cell.height)},${Math.floor(x / cell.width)}`
    cells.add(name)
    const line = y % cell.height
    if (line < cursorLines.first || line > cursorLines.last) outsideCursor.add(name)
  }
  return cells.size === 1 && outsideCursor.size === 0 ? [] : [...cells]
}
