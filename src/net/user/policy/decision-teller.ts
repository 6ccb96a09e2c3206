import type { Clock, Timer } from '../clock.ts'

/** What was decided of a connection of the guest's, or of a name that it asked for. */
export interface PolicyDecision {
  readonly action: 'allow' | 'deny' | 'redirect'
  readonly protocol: 'tcp' | 'udp'
  /** Where it was to go. */
  readonly address: string
  readonly port: number
  /** The name that it was known by, or that was asked for. */
  readonly name: string | undefined
  /** Which rule has decided, from 0 on; undefined: none fitted. */
  readonly rule: number | undefined
  /** Where it goes instead. */
  readonly to: string | undefined
}

/** Hears of decisions, and of how many before this one it has not heard. */
export type DecisionListener = (decision: PolicyDecision, suppressed: number) => void

/** How many are told in a period of so many milliseconds. */
const mostTold = 50
const period = 1000

/** Tells decisions, not more than somebody can hear: of those beyond that the newest, and how many there were. */
export class DecisionTeller {
  readonly #clock: Clock
  readonly #listener: DecisionListener
  #told = 0
  #suppressed = 0
  #newest: PolicyDecision | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, listener: DecisionListener) {
    this.#clock = clock
    this.#listener = listener
  }

  tell(decision: PolicyDecision): void {
    this.#timer ??= this.#clock.after(period, () => this.#periodOver())
    if (this.#told < mostTold) {
      this.#told++
      this.#listener(decision, 0)
      return
    }
    if (this.#newest !== undefined) this.#suppressed++
    this.#newest = decision
  }

  /** Tells what is left. */
  close(): void {
    this.#timer?.cancel()
    this.#tellNewest()
  }

  #periodOver(): void {
    this.#timer = undefined
    this.#told = 0
    if (this.#newest === undefined) return
    this.#told = 1
    this.#timer = this.#clock.after(period, () => this.#periodOver())
    this.#tellNewest()
  }

  #tellNewest(): void {
    const [newest, suppressed] = [this.#newest, this.#suppressed]
    this.#newest = undefined
    this.#suppressed = 0
    if (newest !== undefined) this.#listener(newest, suppressed)
  }
}
