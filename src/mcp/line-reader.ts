/** A line is longer than one may be. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError'
}

/** Makes lines of UTF-8 out of bytes that come in any pieces. An empty line is none. */
export class LineReader {
  readonly #longest: number
  #pieces: Uint8Array[] = []
  #waiting = 0

  /** @param longest - how many bytes a line may have */
  constructor(longest: number) {
    this.#longest = longest
  }

  /** @returns the lines that are whole now @throws {LineTooLongError} nothing can be read after that */
  feed(chunk: Uint8Array): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      this.#keep(chunk.subarray(start, end))
      const line = Buffer.concat(this.#pieces).toString('utf8').trim()
      this.#pieces = []
      this.#waiting = 0
      if (line !== '') lines.push(line)
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return lines
  }

  #keep(piece: Uint8Array): void {
    this.#waiting += piece.length
    if (this.#waiting > this.#longest) throw new LineTooLongError(`a line has more than ${this.#longest} bytes`)
    this.#pieces.push(piece)
  }
}
