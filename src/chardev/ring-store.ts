import type { ByteStore } from './sink-wire.ts'

/** Keeps the last bytes that were written to a device; what is read is gone. */
export class RingStore implements ByteStore {
  readonly #ring: Uint8Array
  /** How many bytes were ever written and read, not counting those that were overwritten. */
  #written = 0
  #read = 0

  /** @param size - a power of two; memory for it is taken at once */
  constructor(size: number) {
    this.#ring = new Uint8Array(size)
  }

  get length(): number {
    return this.#written - this.#read
  }

  put(bytes: Uint8Array, taken: () => void): void {
    const size = this.#ring.length
    for (const byte of bytes.subarray(Math.max(0, bytes.length - size))) this.#ring[this.#written++ % size] = byte
    this.#read = Math.max(this.#read, this.#written - size)
    taken()
  }

  /** Takes out the oldest bytes, at most `count`. */
  take(count: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(count, this.length))
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#ring[this.#read++ % this.#ring.length]!
    return bytes
  }
}
