/**
 * The guest's time: it goes with the host's monotonic clock while the guest runs, and stands still while it does not.
 * v86 itself reads the host's clock, so that a guest would find after a stop that time has passed.
 */
export class VirtualClock {
  readonly #source: () => number
  #offset = 0
  #stoppedAt: number | undefined

  constructor(source: () => number = () => performance.now()) {
    this.#source = source
    this.#stoppedAt = source()
    this.#offset = this.#stoppedAt
  }

  /** Milliseconds of guest time since the start. */
  readonly now = (): number => (this.#stoppedAt ?? this.#source()) - this.#offset

  /** Lets guest time be what it was when a machine was saved. */
  set(milliseconds: number): void {
    this.#offset = (this.#stoppedAt ?? this.#source()) - milliseconds
  }

  stop(): void {
    this.#stoppedAt ??= this.#source()
  }

  start(): void {
    if (this.#stoppedAt === undefined) return
    this.#offset += this.#source() - this.#stoppedAt
    this.#stoppedAt = undefined
  }
}
