/**
 * The guest's time: it goes with the host's monotonic clock while the guest runs, and stands still while it does not.
 * v86 itself reads the host's clock, so that a guest would find after a stop that time has passed.
 */
export class VirtualClock {
  readonly #source: () => number
  readonly #timers = new Set<GuestTimer>()
  #offset = 0
  #stoppedAt: number | undefined

  constructor(source: () => number = () => performance.now()) {
    this.#source = source
    this.#stoppedAt = source()
    this.#offset = this.#stoppedAt
  }

  /** Milliseconds of guest time since the start. */
  readonly now = (): number => (this.#stoppedAt ?? this.#source()) - this.#offset

  get goes(): boolean {
    return this.#stoppedAt === undefined
  }

  /** Lets guest time be what it was when a machine was saved. */
  set(milliseconds: number): void {
    this.#offset = (this.#stoppedAt ?? this.#source()) - milliseconds
  }

  /** When the next timer is due, in milliseconds of guest time; undefined if none is. */
  get nextDue(): number | undefined {
    const dues = [...this.#timers].flatMap(({ due }) => due ?? [])
    return dues.length === 0 ? undefined : Math.min(...dues)
  }

  /** Lets what is due happen, the earliest first. */
  expire(): void {
    const due = [...this.#timers].filter((timer) => timer.left === 0)
    for (const timer of due.sort((one, other) => one.due! - other.due!)) timer.look()
  }

  stop(): void {
    this.#stoppedAt ??= this.#source()
    for (const timer of this.#timers) timer.follow()
  }

  start(): void {
    if (this.#stoppedAt === undefined) return
    this.#offset += this.#source() - this.#stoppedAt
    this.#stoppedAt = undefined
    for (const timer of this.#timers) timer.follow()
  }

  /** A timer that knows when time stands still. */
  timer(expired: () => void): GuestTimer {
    const timer = new GuestTimer(this, expired, () => this.#timers.delete(timer))
    this.#timers.add(timer)
    return timer
  }
}

/** Something that is to happen at a point of guest time, whether the CPU executes anything or not. */
export class GuestTimer {
  readonly #clock: VirtualClock
  readonly #expired: () => void
  readonly #forget: () => void
  #due: number | undefined
  #closed = false
  #waiting: ReturnType<typeof setTimeout> | undefined

  constructor(clock: VirtualClock, expired: () => void, forget: () => void) {
    this.#clock = clock
    this.#expired = expired
    this.#forget = forget
  }

  /** When it is to happen, in milliseconds of guest time. */
  get due(): number | undefined {
    return this.#due
  }

  /** Milliseconds of guest time that are left; undefined if nothing is to happen. */
  get left(): number | undefined {
    return this.#due === undefined ? undefined : Math.max(0, this.#due - this.#clock.now())
  }

  /** Lets it happen so many milliseconds of guest time from now, or not at all. */
  arm(milliseconds: number | undefined): void {
    if (this.#closed) return
    this.#due = milliseconds === undefined ? undefined : this.#clock.now() + milliseconds
    this.follow()
  }

  /** Ends it for good. */
  close(): void {
    this.arm(undefined)
    this.#closed = true
    this.#forget()
  }

  /** The clock has been started or stopped, or there is something else to wait for. */
  follow(): void {
    clearTimeout(this.#waiting)
    const { left } = this
    if (left === undefined || !this.#clock.goes) return
    this.#waiting = setTimeout(() => this.look(), Math.ceil(left))
  }

  /** Lets it happen, if it is due. */
  look(): void {
    if (this.left === undefined || this.left > 0) {
      this.follow()
      return
    }
    this.#due = undefined
    this.#expired()
  }
}
