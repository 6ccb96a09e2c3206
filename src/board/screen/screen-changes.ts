import type { Picture, PictureChanges, PictureRectangle } from '../board.ts'

/** A picture is looked at in tiles of this size; at its right and lower edge they may be smaller. */
const tile = { width: 64, height: 16 } as const
const pixelBytes = 3

/**
 * Tells any number of viewers what has changed in a picture since each of them last looked.
 *
 * Every look has a number, and every tile remembers the look at which it was last found to have changed: so nothing is
 * kept for a viewer, who may stop looking at any time.
 */
export class ScreenChanges {
  #picture: Picture | undefined
  #serial = 0
  /** The look at which the picture had its present size for the first time. */
  #sizedAt = 0
  #tiles = new Float64Array(0)

  /**
   * Looks at the picture as it is now.
   *
   * @param since - `serial` of what the viewer was told last; 0 if it knows nothing
   */
  look(picture: Picture, since: number): PictureChanges {
    this.#note(picture)
    const { width, height } = picture
    const whole = since < this.#sizedAt || since > this.#serial
    const rectangles = whole ? [cut(picture, { x: 0, y: 0, width, height })] : this.#since(picture, since)
    return { serial: this.#serial, width, height, whole, rectangles }
  }

  #note(picture: Picture): void {
    const before = this.#picture
    if (picture === before) return
    this.#picture = picture
    if (before?.width !== picture.width || before.height !== picture.height) {
      this.#sizedAt = ++this.#serial
      this.#tiles = new Float64Array(columnsOf(picture) * Math.ceil(picture.height / tile.height)).fill(this.#serial)
      return
    }
    const changed = changedTiles(before, picture)
    if (changed.size === 0) return
    this.#serial++
    for (const index of changed) this.#tiles[index] = this.#serial
  }

  /** Tiles beside each other make one rectangle, and rectangles below each other that are of one width as well. */
  #since(picture: Picture, since: number): PictureRectangle[] {
    const columns = columnsOf(picture)
    const done: Area[] = []
    let above: Area[] = []
    for (let row = 0; row * columns < this.#tiles.length; row++) {
      const runs = runsOf(this.#tiles.subarray(row * columns, (row + 1) * columns), since)
      const here = runs.map(({ first, last }): Area => {
        const upper = above.find((area) => area.first === first && area.last === last)
        if (upper === undefined) return { first, last, top: row, bottom: row }
        upper.bottom = row
        return upper
      })
      done.push(...here.filter((area) => area.top === row))
      above = here
    }
    return done.map(({ first, last, top, bottom }) => {
      const [x, y] = [first * tile.width, top * tile.height]
      const width = Math.min((last + 1) * tile.width, picture.width) - x
      const height = Math.min((bottom + 1) * tile.height, picture.height) - y
      return cut(picture, { x, y, width, height })
    })
  }
}

/** Tiles: columns `first` to `last`, rows `top` to `bottom`. */
interface Area {
  readonly first: number
  readonly last: number
  readonly top: number
  bottom: number
}

const columnsOf = ({ width }: Picture): number => Math.ceil(width / tile.width)

function runsOf(serials: Float64Array, since: number): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = []
  for (const [column, serial] of serials.entries()) {
    if (serial <= since) continue
    const run = runs.at(-1)
    if (run?.last === column - 1) run.last = column
    else runs.push({ first: column, last: column })
  }
  return runs
}

/** The numbers of the tiles, row by row, in which two pictures of one size differ. */
function changedTiles(before: Picture, after: Picture): Set<number> {
  const [old, now] = [Buffer.from(before.rgb.buffer, before.rgb.byteOffset, before.rgb.length), after.rgb]
  const columns = columnsOf(after)
  const lineBytes = after.width * pixelBytes
  const tileBytes = tile.width * pixelBytes
  const changed = new Set<number>()
  for (let y = 0; y < after.height; y++) {
    const line = y * lineBytes
    const end = line + lineBytes
    if (old.compare(now, line, end, line, end) === 0) continue
    const first = Math.floor(y / tile.height) * columns
    for (let column = 0; column < columns; column++) {
      const from = line + column * tileBytes
      const to = Math.min(from + tileBytes, end)
      if (!changed.has(first + column) && old.compare(now, from, to, from, to) !== 0) changed.add(first + column)
    }
  }
  return changed
}

function cut({ width: lineWidth, rgb }: Picture, area: Omit<PictureRectangle, 'rgb'>): PictureRectangle {
  const { x, y, width, height } = area
  const pixels = new Uint8Array(width * height * pixelBytes)
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * lineWidth + x) * pixelBytes
    pixels.set(rgb.subarray(from, from + width * pixelBytes), row * width * pixelBytes)
  }
  return { ...area, rgb: pixels }
}
