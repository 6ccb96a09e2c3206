/**
 * Memory for what is copied, used again: fresh memory of that size costs as much as the copy. What is lent may hold
 * anything.
 */
export class CopyBuffers {
  readonly #size: number
  readonly #free: Buffer[] = []

  /** @param size - the most bytes that are lent at once */
  constructor(size: number) {
    this.#size = size
  }

  /** Lends memory until the work settles. @param length - in bytes */
  async lend<T>(length: number, work: (bytes: Buffer) => Promise<T>): Promise<T> {
    const whole = length > this.#size ? undefined : (this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size))
    try {
      return await work(whole === undefined ? Buffer.allocUnsafeSlow(length) : whole.subarray(0, length))
    } finally {
      if (whole !== undefined) this.#free.push(whole)
    }
  }
}
