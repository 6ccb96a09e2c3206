const keptCapacity = 1 << 16

/** Bytes that are collected piece by piece; doubles as it grows, so that collecting is linear. */
export class ByteBuffer {
  #bytes = new Uint8Array(64)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was collected; valid until the next change. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  append(source: Uint8Array, from: number, to: number): void {
    const length = this.#length + to - from
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
      larger.set(this.bytes)
      this.#bytes = larger
    }
    this.#bytes.set(source.subarray(from, to), this.#length)
    this.#length = length
  }

  /** Forgets the bytes; gives the memory back if it was much. */
  clear(): void {
    this.#length = 0
    if (this.#bytes.length > keptCapacity) this.#bytes = new Uint8Array(64)
  }
}
