import { now as monotonic } from '../../timers/index.ts'

const sliceMs = 100

/**
 * Holds work to so many bytes a second, as QEMU does: what one slice of time allows may be exceeded, and is made up for by
 * the time before the next.
 */
export class RateLimit {
  /** Bytes a slice; 0 for as much as there is. */
  #quota = 0
  #begin = 0
  #end = 0
  #dispatched = 0
  readonly #now: () => number

  /** @param now - milliseconds on a clock that only goes forward; for tests */
  constructor(now: () => number = monotonic) {
    this.#now = now
  }

  /** @param speed - bytes a second; 0 for no limit */
  set(speed: number): void {
    this.#quota = speed === 0 ? 0 : Math.max(1, Math.floor((speed * sliceMs) / 1000))
  }

  /** Counts work that is done, and says how many milliseconds to wait before there is more. */
  delayAfter(bytes: number): number {
    if (this.#quota === 0) return 0
    const now = this.#now()
    if (this.#end < now) {
      this.#begin = now
      this.#end = now + sliceMs
      this.#dispatched = 0
    }
    this.#dispatched += bytes
    if (this.#dispatched < this.#quota) return 0
    this.#end = this.#begin + (this.#dispatched / this.#quota) * sliceMs
    return this.#end - now
  }
}
