/** Bytes as they come from a stream, to be taken out in pieces of any size. Keeps the chunks that it is given. */
export class ByteIntake {
  #chunks: Uint8Array[] = []
  /** How much of the first chunk has been taken. */
  #taken = 0
  #size = 0

  /** Bytes that are there. */
  get size(): number {
    return this.#size
  }

  /** Bytes that can be taken without being copied. */
  get contiguous(): number {
    return (this.#chunks[0]?.byteLength ?? 0) - this.#taken
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return
    this.#chunks.push(chunk)
    this.#size += chunk.byteLength
  }

  /** The next bytes, which may be a part of a chunk; undefined if so many are not there yet. */
  take(count: number): Uint8Array | undefined {
    if (this.#size < count) return undefined
    const first = this.#chunks[0]
    if (first !== undefined && first.byteLength - this.#taken >= count) {
      const begin = this.#taken
      this.#advance(count)
      return first.subarray(begin, begin + count)
    }
    const bytes = new Uint8Array(count)
    this.fill(bytes, 0)
    return bytes
  }

  /** Copies what is there, as far as it fits. @returns bytes that were copied */
  fill(target: Uint8Array, at: number): number {
    let done = 0
    for (;;) {
      const piece = this.takeUpTo(target.byteLength - at - done)
      if (piece.byteLength === 0) return done
      target.set(piece, at + done)
      done += piece.byteLength
    }
  }

  /** The next bytes of one chunk: at most so many, perhaps fewer; none if nothing is there. */
  takeUpTo(count: number): Uint8Array {
    const first = this.#chunks[0]
    if (first === undefined || count <= 0) return nothing
    const begin = this.#taken
    const end = Math.min(first.byteLength, begin + count)
    this.#advance(end - begin)
    return first.subarray(begin, end)
  }

  /** Drops what is there, up to so many bytes. @returns bytes that were dropped */
  skip(count: number): number {
    const skipped = Math.min(count, this.#size)
    for (let left = skipped; left > 0; ) left -= this.takeUpTo(left).byteLength
    return skipped
  }

  /** @param count - no more than the first chunk has left */
  #advance(count: number): void {
    this.#size -= count
    this.#taken += count
    if (this.#taken < this.#chunks[0]!.byteLength) return
    this.#chunks.shift()
    this.#taken = 0
  }
}

const nothing = new Uint8Array(0)
