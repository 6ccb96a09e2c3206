const newline = 0x0a

/** Puts the time since it began before each line, as `[hh:mm:ss.mmm] `. */
export class LineStamps {
  readonly #now: () => number
  #start: number | undefined
  #atLineStart = false

  /** @param now - milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The bytes with stamps where lines begin; a line that had begun before has none. */
  stamp(bytes: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    let done = 0
    for (const [index, byte] of bytes.entries()) {
      if (this.#atLineStart) {
        parts.push(bytes.subarray(done, index), new TextEncoder().encode(this.#text()))
        done = index
        this.#atLineStart = false
      }
      if (byte === newline) this.#atLineStart = true
    }
    parts.push(bytes.subarray(done))
    return Buffer.concat(parts)
  }

  #text(): string {
    this.#start ??= this.#now()
    const elapsed = Math.floor(this.#now() - this.#start)
    const seconds = Math.floor(elapsed / 1000)
    const two = (value: number): string => String(value).padStart(2, '0')
    const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':')
    return `[${clock}.${String(elapsed % 1000).padStart(3, '0')}] `
  }
}
