import { clearTimeout, setTimeout } from '../timers/index.ts'
import { wireLine } from './wire-line.ts'

/** One occurrence of an event, as it goes on the wire. */
export interface EventMessage {
  /** Host wall clock when the event was generated. */
  readonly timestamp: { readonly seconds: number; readonly microseconds: number }
  readonly event: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** What the hub needs to know of an event's declaration. */
export interface EventRule {
  /** Shortest time between two deliveries, in milliseconds. */
  readonly rate?: number
  /** The member of `data` that keeps apart what is limited (one timer for each value). */
  readonly rateKey?: string
}

export type EventListener = (message: EventMessage, line: (pretty: boolean) => string) => void

interface Throttle {
  timer: ReturnType<typeof setTimeout>
  pending: EventMessage | undefined
}

/**
 * Carries events from the parts that emit them to every monitor session, in order, and limits their rate.
 *
 * Rate limits work as QEMU 7.2's: the first event goes out at once and arms a timer; what comes before it expires
 * replaces what waits; at expiry the newest goes out and arms the timer again. Timestamps stay those of generation.
 */
export class EventHub {
  readonly #rules: Readonly<Record<string, EventRule>>
  readonly #listeners = new Set<EventListener>()
  readonly #throttles = new Map<string, Throttle>()
  #lastMicroseconds = 0

  constructor(rules: Readonly<Record<string, EventRule>>) {
    this.#rules = rules
  }

  /** Generates an event. */
  emit(event: string, data?: Readonly<Record<string, unknown>>): void {
    const message: EventMessage = { timestamp: this.#now(), event, ...(data !== undefined && { data }) }
    const rule = this.#rules[event]
    if (rule?.rate === undefined) this.#deliver(message)
    else this.#limit(message, rule.rate, rule.rateKey)
  }

  /** Adds a listener; the function that comes back removes it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Drops what waits for its time. */
  close(): void {
    for (const { timer } of this.#throttles.values()) clearTimeout(timer)
    this.#throttles.clear()
    this.#listeners.clear()
  }

  #limit(message: EventMessage, rate: number, rateKey: string | undefined): void {
    const key = rateKey === undefined ? message.event : `${message.event}\n${String(message.data?.[rateKey])}`
    const throttle = this.#throttles.get(key)
    if (throttle !== undefined) {
      throttle.pending = message
      return
    }
    this.#throttles.set(key, { timer: setTimeout(() => this.#expire(key, rate), rate), pending: undefined })
    this.#deliver(message)
  }

  #expire(key: string, rate: number): void {
    const throttle = this.#throttles.get(key)
    if (throttle?.pending === undefined) {
      this.#throttles.delete(key)
      return
    }
    const message = throttle.pending
    throttle.pending = undefined
    throttle.timer = setTimeout(() => this.#expire(key, rate), rate)
    this.#deliver(message)
  }

  #deliver(message: EventMessage): void {
    const lines: [string?, string?] = []
    const line = (pretty: boolean): string => (lines[Number(pretty)] ??= wireLine(message, pretty))
    for (const listener of this.#listeners) listener(message, line)
  }

  /** Wall clock with microseconds, never going back within this process. */
  #now(): EventMessage['timestamp'] {
    const now = Math.floor((performance.timeOrigin + performance.now()) * 1000)
    const microseconds = Math.max(now, this.#lastMicroseconds)
    this.#lastMicroseconds = microseconds
    return { seconds: Math.floor(microseconds / 1e6), microseconds: microseconds % 1e6 }
  }
}
