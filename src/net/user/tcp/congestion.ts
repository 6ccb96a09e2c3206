/** How much may be on its way (RFC 5681, RFC 6582), in bytes. */
export class Congestion {
  readonly #mss: number
  window: number
  #threshold = Number.POSITIVE_INFINITY
  /** While what was lost is being sent again: the place up to which all had been sent when that was found out. */
  #recover: number | undefined

  constructor(mss: number) {
    this.#mss = mss
    this.window = 10 * mss
  }

  get recovering(): boolean {
    return this.#recover !== undefined
  }

  /** @returns whether what comes behind it is lost too: something was acknowledged, but not all that was to be mended */
  acknowledged(place: number, bytes: number, inUse: boolean): boolean {
    const mss = this.#mss
    if (this.#recover !== undefined) {
      if (place < this.#recover) {
        this.window = Math.max(mss, this.window - bytes + mss)
        return true
      }
      this.#recover = undefined
      this.window = this.#threshold
    } else if (inUse) {
      this.window += this.window < this.#threshold ? bytes : Math.max(1, Math.floor((mss * bytes) / this.window))
      this.window = Math.min(this.window, 1 << 30)
    }
    return false
  }

  /** A segment is missing at the other side, and those behind it arrive. */
  lost(inFlight: number, highest: number): void {
    this.#threshold = Math.max(inFlight / 2, 2 * this.#mss)
    this.window = this.#threshold + 3 * this.#mss
    this.#recover = highest
  }

  /** One more has arrived while another one is missing. */
  arrivedBehind(): void {
    this.window += this.#mss
  }

  /** Nothing came back in time. */
  expired(inFlight: number): void {
    this.#threshold = Math.max(inFlight / 2, 2 * this.#mss)
    this.window = this.#mss
    this.#recover = undefined
  }
}
