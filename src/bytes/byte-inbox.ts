/** What has come from a peer and is not read yet: bytes are pushed in as they come, and pulled out as they are needed. */
export class ByteInbox {
  #chunks: Uint8Array[] = []
  #buffered = 0
  #waiting: { readonly bytes: number; resolve(): void; reject(reason: unknown): void } | undefined
  #ended: { readonly reason: unknown } | undefined
  readonly #taken: () => void

  /** @param taken - called when bytes were taken out, so that more may come in */
  constructor(taken: () => void = () => undefined) {
    this.#taken = taken
  }

  /** How many bytes are here. */
  get buffered(): number {
    return this.#buffered
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.#ended !== undefined) return
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    this.#wake()
  }

  /** Nothing more comes: what waits for more than is here is rejected with `reason`. */
  end(reason: unknown): void {
    this.#ended ??= { reason }
    this.#wake()
  }

  /**
   * The next bytes, when so many are here; one reader at a time.
   *
   * @throws the reason of the end, if they never come
   */
  async read(bytes: number): Promise<Uint8Array> {
    if (this.#buffered < bytes) await this.#until(bytes)
    const first = this.#chunks[0]
    if (first !== undefined && first.length > bytes) {
      this.#chunks[0] = first.subarray(bytes)
      this.#forget(bytes)
      return first.subarray(0, bytes)
    }
    const result = new Uint8Array(bytes)
    for (let at = 0; at < bytes; ) {
      const chunk = this.#chunks[0]!
      const part = chunk.subarray(0, bytes - at)
      result.set(part, at)
      at += part.length
      if (part.length === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(part.length)
    }
    this.#forget(bytes)
    return result
  }

  /** Lets bytes pass that nobody wants, however many; none of them is kept. */
  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      if (this.#buffered === 0) await this.#until(1)
      left -= (await this.read(Math.min(left, this.#buffered))).length
    }
  }

  /** Takes out everything that is here. */
  drain(): Uint8Array[] {
    const chunks = this.#chunks
    this.#chunks = []
    this.#forget(this.#buffered)
    return chunks
  }

  #forget(bytes: number): void {
    this.#buffered -= bytes
    this.#taken()
  }

  #until(bytes: number): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended.reason)
    return new Promise((resolve, reject) => {
      this.#waiting = { bytes, resolve, reject }
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (this.#buffered >= waiting.bytes) {
      this.#waiting = undefined
      waiting.resolve()
    } else if (this.#ended !== undefined) {
      this.#waiting = undefined
      waiting.reject(this.#ended.reason)
    }
  }
}
