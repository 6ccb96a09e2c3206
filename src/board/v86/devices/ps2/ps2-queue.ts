/** What a PS/2 device keeps for a host that does not read: more is lost. */
export const queueBytes = 16

/**
 * What a PS/2 device has to say: replies to commands come before what it reports of its own accord, and a new command
 * takes back the replies to the one before.
 */
export class Ps2Queue {
  readonly #changed: (waiting: boolean) => void
  #replies: number[] = []
  #reports: number[] = []
  #last = 0

  /** @param changed - told after each change whether a byte waits */
  constructor(changed: (waiting: boolean) => void) {
    this.#changed = changed
  }

  get length(): number {
    return this.#replies.length + this.#reports.length
  }

  /** How many bytes can still be reported. */
  get room(): number {
    return Math.max(0, queueBytes - this.length)
  }

  /** Puts bytes behind all others, as far as there is room. */
  report(...bytes: readonly number[]): void {
    this.#reports.push(...bytes.slice(0, this.room))
    this.#changed(this.length > 0)
  }

  /** Puts bytes behind all others, or none of them if there is not room for all. */
  reportWhole(...bytes: readonly number[]): void {
    if (bytes.length <= this.room) this.report(...bytes)
  }

  /** Puts the answer to a command before all reports. */
  reply(...bytes: readonly number[]): void {
    this.#replies.push(...bytes)
    this.#changed(true)
  }

  /** A new command has come: nobody waits for the answer to the last any more. */
  dropReplies(): void {
    this.#replies = []
  }

  /** The next byte; when there is none, the last one again. */
  read(): number {
    if (this.length === 0) return this.#last
    this.#last = (this.#replies.shift() ?? this.#reports.shift())!
    this.#changed(false) // so that what is left gives an interrupt of its own
    if (this.length > 0) this.#changed(true)
    return this.#last
  }

  clear(): void {
    this.#replies = []
    this.#reports = []
    this.#changed(false)
  }

  getState(): number[][] {
    return [[this.#last], this.#replies.slice(), this.#reports.slice()]
  }

  setState([last, replies, reports]: readonly number[][]): void {
    this.#last = last?.[0] ?? 0
    this.#replies = replies?.slice() ?? []
    this.#reports = reports?.slice() ?? []
  }
}
