/** Stretches that are kept, so many of them. */
const kept = 8
/** One request reads at most so much at once. */
const largestPiece = 2 ** 20

interface Stretch {
  readonly start: number
  readonly end: number
  readonly bytes: Promise<Uint8Array>
}

/** Reads more than is asked for, because what follows is asked for next; each request over a network takes its time. */
export class ReadAhead {
  readonly #length: number
  readonly #ahead: number
  readonly #fetch: (offset: number, length: number) => Promise<Uint8Array>
  /** Those used last come last. */
  readonly #stretches: Stretch[] = []

  /** @param ahead - bytes to read besides what is asked for */
  constructor(length: number, ahead: number, fetch: (offset: number, length: number) => Promise<Uint8Array>) {
    this.#length = length
    this.#ahead = ahead
    this.#fetch = fetch
  }

  /** Fills the target; what lies behind the end is zeroes. */
  async readInto(offset: number, target: Uint8Array): Promise<void> {
    const available = Math.max(0, Math.min(target.byteLength, this.#length - offset))
    target.fill(0, available)
    for (let done = 0; done < available; ) {
      const at = offset + done
      const { start, end, bytes } = this.#stretchAt(at, Math.min(available - done, largestPiece))
      const count = Math.min(end - at, available - done)
      target.set((await bytes).subarray(at - start, at - start + count), done)
      done += count
    }
  }

  #stretchAt(offset: number, wanted: number): Stretch {
    const index = this.#stretches.findIndex(({ start, end }) => start <= offset && offset < end)
    const found = index < 0 ? this.#begin(offset, wanted) : this.#stretches.splice(index, 1)[0]!
    this.#stretches.push(found)
    if (this.#stretches.length > kept) this.#stretches.shift()
    return found
  }

  #begin(offset: number, wanted: number): Stretch {
    const end = Math.min(this.#length, offset + wanted + this.#ahead)
    const stretch = { start: offset, end, bytes: this.#fetch(offset, end - offset) }
    // Who has asked is told; who asks again asks the server again.
    stretch.bytes.catch(() => {
      const index = this.#stretches.indexOf(stretch)
      if (index >= 0) this.#stretches.splice(index, 1)
    })
    return stretch
  }
}
