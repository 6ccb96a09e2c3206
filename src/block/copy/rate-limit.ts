import { pause } from '../../async/index.ts'

/** Lets so many bytes a second through: who has had some waits until they are paid for. */
export class RateLimit {
  readonly #bytesPerSecond: number
  readonly #now: () => number
  /** When everything that was let through is paid for. */
  #paidAt = 0

  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.#bytesPerSecond = bytesPerSecond
    this.#now = now
  }

  /** Settles when the bytes that went before are paid for. */
  async spend(bytes: number): Promise<void> {
    const now = this.#now()
    const begin = Math.max(now, this.#paidAt)
    this.#paidAt = begin + (bytes / this.#bytesPerSecond) * 1000
    if (begin > now) await pause(begin - now)
  }
}
