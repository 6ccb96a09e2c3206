/** Bytes that are written one after the other, little-endian as SPICE has them; their number is known before. */
export class LittleEndianWriter {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.#view = new DataView(this.bytes.buffer)
  }

  u8(...values: readonly number[]): this {
    for (const value of values) this.#view.setUint8(this.#at++, value)
    return this
  }

  u16(...values: readonly number[]): this {
    for (const value of values) {
      this.#view.setUint16(this.#at, value, true)
      this.#at += 2
    }
    return this
  }

  /** Also negative numbers, in two's complement. */
  u32(...values: readonly number[]): this {
    for (const value of values) {
      this.#view.setUint32(this.#at, value, true)
      this.#at += 4
    }
    return this
  }

  append(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  /** Text that ends with a zero. */
  text(text: string): this {
    return this.append(new TextEncoder().encode(text)).u8(0)
  }
}

/** How many bytes `text()` writes. */
export function textBytes(text: string): number {
  return new TextEncoder().encode(text).length + 1
}
