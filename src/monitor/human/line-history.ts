/** How many lines are remembered. */
const capacity = 64

/** The lines that were typed, each once, the one used last at the end; a reader goes up and down in them. */
export class LineHistory {
  #lines: string[] = []
  /** Where the reader stands; undefined while the line is a new one. */
  #place: number | undefined

  get lines(): readonly string[] {
    return this.#lines
  }

  /** Notes a line that was entered; an empty one is not worth it. */
  add(line: string): void {
    if (line === '') return
    const place =
      this.#place !== undefined && this.#lines[this.#place] === line ? this.#place : this.#lines.indexOf(line)
    if (place >= 0) this.#lines.splice(place, 1)
    this.#lines.push(line)
    if (this.#lines.length > capacity) this.#lines.shift()
    this.#place = undefined
  }

  /** The line before the present one; undefined at the first. */
  up(): string | undefined {
    const place = (this.#place ?? this.#lines.length) - 1
    if (place < 0) return undefined
    this.#place = place
    return this.#lines[place]
  }

  /** The line behind the present one; empty behind the last, undefined if the line is a new one. */
  down(): string | undefined {
    if (this.#place === undefined) return undefined
    this.#place++
    if (this.#place < this.#lines.length) return this.#lines[this.#place]
    this.#place = undefined
    return ''
  }
}
