/** Bytes that are written one after the other, big-endian as RFB has them; its room grows. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(room = 64) {
    this.#bytes = new Uint8Array(room)
  }

  get length(): number {
    return this.#length
  }

  /** What has been written; valid until more is. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  u8(...values: readonly number[]): this {
    this.#need(values.length)
    for (const value of values) this.#bytes[this.#length++] = value
    return this
  }

  u16(...values: readonly number[]): this {
    for (const value of values) this.u8((value >> 8) & 0xff, value & 0xff)
    return this
  }

  /** Also negative numbers, in two's complement. */
  u32(...values: readonly number[]): this {
    for (const value of values)
      this.u8((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
    return this
  }

  append(bytes: Uint8Array): this {
    this.#need(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** Room for so many bytes behind what is written: they are filled by the caller, who says how many count. */
  room(bytes: number): Uint8Array {
    this.#need(bytes)
    return this.#bytes.subarray(this.#length, this.#length + bytes)
  }

  advance(bytes: number): this {
    this.#length += bytes
    return this
  }

  #need(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes))
    larger.set(this.written)
    this.#bytes = larger
  }
}
