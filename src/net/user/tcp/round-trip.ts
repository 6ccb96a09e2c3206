const shortest = 300
const longest = 60_000
const first = 1000

/** How long an acknowledgment is waited for (RFC 6298), in milliseconds. */
export class RoundTrip {
  #smoothed: number | undefined
  #variation = 0
  #backoff = 1

  get timeout(): number {
    const base = this.#smoothed === undefined ? first : this.#smoothed + Math.max(4 * this.#variation, 10)
    return Math.min(longest, Math.max(shortest, base) * this.#backoff)
  }

  /** Something came back that had been sent once only. */
  measured(milliseconds: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = milliseconds
      this.#variation = milliseconds / 2
      return
    }
    this.#variation += (Math.abs(this.#smoothed - milliseconds) - this.#variation) / 4
    this.#smoothed += (milliseconds - this.#smoothed) / 8
  }

  /** Nothing came back in time. */
  expired(): void {
    this.#backoff = Math.min(this.#backoff * 2, 256)
  }

  /** Something new was acknowledged. */
  progressed(): void {
    this.#backoff = 1
  }
}
