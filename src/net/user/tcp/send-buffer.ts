/**
 * Bytes that have been given to a connection and are not acknowledged yet, by their place in its stream. The first one
 * of a stream has the place 1: its SYN has 0.
 */
export class SendBuffer {
  #chunks: { readonly from: number; readonly bytes: Uint8Array }[] = []
  #begin = 1
  #end = 1

  /** Behind the last byte. */
  get end(): number {
    return this.#end
  }

  get length(): number {
    return this.#end - this.#begin
  }

  /** What is there, in one piece. */
  get bytes(): Buffer {
    const bytes = Buffer.alloc(this.length)
    this.copy(this.#begin, bytes.length, bytes, 0)
    return bytes
  }

  /** Begins anew with bytes that end at a place. */
  restore(bytes: Uint8Array, end: number): void {
    this.#chunks = []
    this.#begin = this.#end = end - bytes.length
    this.append(bytes)
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push({ from: this.#end, bytes })
    this.#end += bytes.length
  }

  /** Forgets what is before a place. */
  release(to: number): void {
    this.#begin = Math.min(Math.max(to, this.#begin), this.#end)
    let done = 0
    while (done < this.#chunks.length && endOf(this.#chunks[done]!) <= this.#begin) done++
    if (done > 0) this.#chunks.splice(0, done)
  }

  /** Copies bytes from a place on, all of which have to be there. */
  copy(from: number, length: number, target: Uint8Array, at: number): void {
    let place = from
    const end = from + length
    for (const chunk of this.#chunks) {
      if (place >= end) return
      const chunkEnd = endOf(chunk)
      if (chunkEnd <= place) continue
      const to = Math.min(end, chunkEnd)
      target.set(chunk.bytes.subarray(place - chunk.from, to - chunk.from), at + place - from)
      place = to
    }
  }
}

function endOf({ from, bytes }: { readonly from: number; readonly bytes: Uint8Array }): number {
  return from + bytes.length
}
