import { pause } from '../async/index.ts'
import { now } from '../timers/index.ts'

/** The limit is kept over spans of this length, so that a change is felt at once. */
const spanMs = 100

interface Clock {
  /** In milliseconds. */
  now(): number
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
}

const usual: Clock = { now, pause }

/** Keeps a stream to a number of bytes a second, which may change at any time. */
export class RateLimit {
  readonly #bytesPerSecond: () => number
  readonly #clock: Clock
  /** When what has been sent so far will have taken its time. */
  #paidUntil = 0

  /** @param bytesPerSecond the limit as it is now; 0 for none */
  constructor(bytesPerSecond: () => number, clock = usual) {
    this.#bytesPerSecond = bytesPerSecond
    this.#clock = clock
  }

  /** Bytes that go well in one go. */
  get portion(): number {
    const limit = this.#bytesPerSecond()
    return limit === 0 ? Number.POSITIVE_INFINITY : (limit * spanMs) / 1000
  }

  /** Settles when so many bytes may follow what has been sent. @throws the reason of `signal` */
  async spend(bytes: number, signal: AbortSignal): Promise<void> {
    const limit = this.#bytesPerSecond()
    if (limit === 0) return
    const start = this.#clock.now()
    // What was not used is lost, but for one span.
    this.#paidUntil = Math.max(this.#paidUntil, start - spanMs) + (bytes * 1000) / limit
    for (let wait = this.#paidUntil - this.#clock.now(); wait > 0; wait = this.#paidUntil - this.#clock.now()) {
      await this.#clock.pause(Math.min(wait, spanMs), signal)
      if (this.#bytesPerSecond() !== limit) this.#paidUntil = this.#clock.now()
    }
  }
}
