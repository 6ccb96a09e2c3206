import type { Area } from './area.ts'

const tile = { width: 64, height: 16 } as const

/** Which parts of a picture a client has not been told yet. */
export class DirtyTiles {
  #width = 0
  #height = 0
  #columns = 0
  #tiles = new Uint8Array(0)
  #count = 0

  get empty(): boolean {
    return this.#count === 0
  }

  /** The picture has this size now, and nothing of it has been told. */
  resize(width: number, height: number): void {
    this.#width = width
    this.#height = height
    this.#columns = Math.ceil(width / tile.width)
    this.#tiles = new Uint8Array(this.#columns * Math.ceil(height / tile.height)).fill(1)
    this.#count = this.#tiles.length
  }

  /** Something has changed there; what is outside the picture counts for nothing. */
  mark({ x, y, width, height }: Area): void {
    const [right, bottom] = [Math.min(x + width, this.#width), Math.min(y + height, this.#height)]
    for (let row = Math.floor(y / tile.height); row * tile.height < bottom; row++) {
      for (let column = Math.floor(x / tile.width); column * tile.width < right; column++) {
        const index = row * this.#columns + column
        if (this.#tiles[index] === 1) continue
        this.#tiles[index] = 1
        this.#count++
      }
    }
  }

  /**
   * All that is to be told, which is forgotten. Tiles beside each other are one area, and areas below each other that are
   * of one width as well.
   */
  take(): Area[] {
    const done: Run[] = []
    let above: Run[] = []
    for (let row = 0; row * this.#columns < this.#tiles.length; row++) {
      const here = this.#runs(row).map((run) => {
        const upper = above.find(({ first, last }) => first === run.first && last === run.last)
        if (upper === undefined) return run
        upper.bottom = row
        return upper
      })
      done.push(...here.filter(({ top }) => top === row))
      above = here
    }
    this.#tiles.fill(0)
    this.#count = 0
    return done.map(({ first, last, top, bottom }) => {
      const [x, y] = [first * tile.width, top * tile.height]
      const width = Math.min((last + 1) * tile.width, this.#width) - x
      return { x, y, width, height: Math.min((bottom + 1) * tile.height, this.#height) - y }
    })
  }

  #runs(row: number): Run[] {
    const runs: Run[] = []
    for (let column = 0; column < this.#columns; column++) {
      if (this.#tiles[row * this.#columns + column] === 0) continue
      const run = runs.at(-1)
      if (run?.last === column - 1) run.last = column
      else runs.push({ first: column, last: column, top: row, bottom: row })
    }
    return runs
  }
}

/** Tiles: columns `first` to `last`, rows `top` to `bottom`. */
interface Run {
  readonly first: number
  last: number
  readonly top: number
  bottom: number
}
