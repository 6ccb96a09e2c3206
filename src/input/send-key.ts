import type { Scope } from '../async/index.ts'
import { type Clock, hostClock } from './clock.ts'
import { keyNumber, keyOfNumber, type QKeyCode } from './q-key-code.ts'

/** A key by name or by scan code (QAPI `KeyValue`). */
export type KeyValue =
  | { readonly type: 'qcode'; readonly data: QKeyCode }
  | { readonly type: 'number'; readonly data: number | bigint }

export interface SendKeyOptions {
  /** Lets a key go down or up, by its number as `keyNumber` gives it. */
  readonly press: (key: number, down: boolean) => void
  /** Ends the timer that paces the keys. */
  readonly scope: Scope
  readonly clock?: Clock
}

/**
 * How long each step takes if nobody says otherwise, in milliseconds. QEMU's documentation says 100; the binary (7.2)
 * waits for 10.
 */
export const defaultHoldMs = 10

/**
 * How much may wait: a wait counts one, a key that goes down or up counts two. QEMU takes 1024 and loses the rest
 * without a word; here whole pages may be sent at once.
 */
export const queueLimit = 1 << 14

interface KeyStep {
  readonly kind: 'key'
  readonly key: number
  readonly down: boolean
}
type Step = KeyStep | { readonly kind: 'wait'; readonly ms: number }
const cost = { wait: 1, key: 2 } as const

/** A wait that has begun: while the machine stands still, only what remains of it is known. */
type Wait = { readonly until: number; cancel(): void } | { readonly remaining: number }

/**
 * Presses and releases keys in the guest, at a pace (QMP `send-key`).
 *
 * Keys go down in the order given and up in the reverse order, with the hold time between any two steps and after the
 * last; further requests queue up behind. Time is the guest's: it stands still between `pause()` and `resume()`. A
 * fresh one is paused.
 *
 * As with QEMU, nobody hears of what is lost: keys that come while the machine stands still and nothing waits, and
 * keys for which the queue has no room.
 */
export class SendKey {
  readonly #press: SendKeyOptions['press']
  readonly #clock: Clock
  /** What follows the present wait; empty if there is none. */
  #steps: Step[] = []
  #waiting = 0
  #wait: Wait | undefined
  #state: 'paused' | 'running' | 'ended' = 'paused'

  constructor({ press, scope, clock = hostClock }: SendKeyOptions) {
    this.#press = press
    this.#clock = clock
    scope.own(() => this.#end())
  }

  /**
   * Queues the presses and releases of a set of keys; returns at once.
   *
   * @param keys - plain names, as clients of QEMU before 1.3 send them, or key values; a number that is no key's, and
   *   `unmapped`, take their time but send nothing
   * @param holdMs - milliseconds between two steps, modulo 2^32; 0 or less is the default
   */
  send(keys: readonly (QKeyCode | KeyValue)[], holdMs: number | bigint = 0): void {
    if (this.#state === 'ended') return
    const ms = (holdMs > 0 && Number(BigInt.asUintN(32, BigInt(holdMs)))) || defaultHoldMs
    const numbers = keys.map(numberOf)
    for (const key of numbers) this.#hold(key, true, ms)
    for (const key of numbers.reverse()) this.#hold(key, false, ms)
  }

  /** A key goes down or up at once, or when what waits before it is done. */
  press(key: number, down: boolean): void {
    const step = { kind: 'key', key, down } as const
    if (this.#wait !== undefined) this.#queue(step)
    else if (this.#state === 'running') this.#deliver(step)
  }

  /** The guest's time stands still. */
  pause(): void {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    if (this.#wait === undefined || !('until' in this.#wait)) return
    this.#wait.cancel()
    this.#wait = { remaining: Math.max(0, this.#wait.until - this.#clock.now()) }
  }

  /** The guest's time goes on. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    if (this.#wait !== undefined && 'remaining' in this.#wait) this.#startWait(this.#wait.remaining)
  }

  #hold(key: number, down: boolean, ms: number): void {
    this.press(key, down)
    if (this.#state !== 'running') return
    if (this.#wait !== undefined) this.#queue({ kind: 'wait', ms })
    else {
      this.#waiting = cost.wait
      this.#startWait(ms)
    }
  }

  #queue(step: Step): void {
    if (this.#waiting >= queueLimit) return
    this.#steps.push(step)
    this.#waiting += cost[step.kind]
  }

  #startWait(ms: number): void {
    const cancel = this.#clock.after(ms, () => this.#proceed())
    this.#wait = { until: this.#clock.now() + ms, cancel }
  }

  /** The present wait is over: what follows, up to the next wait, which counts as waiting until it is over too. */
  #proceed(): void {
    this.#wait = undefined
    this.#waiting -= cost.wait
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      if (step.kind === 'wait') {
        this.#startWait(step.ms)
        return
      }
      this.#waiting -= cost.key
      this.#deliver(step)
    }
  }

  #deliver({ key, down }: KeyStep): void {
    this.#press(key, down)
  }

  #drop(): void {
    if (this.#wait !== undefined && 'cancel' in this.#wait) this.#wait.cancel()
    this.#wait = undefined
    this.#steps = []
    this.#waiting = 0
  }

  #end(): void {
    this.#state = 'ended'
    this.#drop()
  }
}

function numberOf(key: QKeyCode | KeyValue): number {
  if (typeof key === 'string') return keyNumber(key)
  return key.type === 'qcode' ? keyNumber(key.data) : keyOfNumber(key.data)
}
