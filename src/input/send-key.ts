import type { Scope } from '../async/index.ts'
import { type Clock, hostClock } from './clock.ts'
import { KeyboardEncoder } from './keyboard-encoder.ts'
import { keyNumber, keyOfNumber, type QKeyCode } from './q-key-code.ts'

/** A key by name or by scan code (QAPI `KeyValue`). */
export type KeyValue =
  | { readonly type: 'qcode'; readonly data: QKeyCode }
  | { readonly type: 'number'; readonly data: number | bigint }

export interface SendKeyOptions {
  /** Takes bytes of scan code set 1 to the guest's keyboard; called in order, without waiting for the call before. */
  readonly sink: (scanCodes: readonly number[]) => Promise<void> | void
  /** Told when the sink rejects; what was still to be sent has then been dropped. */
  readonly failed: (error: unknown) => void
  /** Ends the timer that paces the keys. */
  readonly scope: Scope
  readonly clock?: Clock
}

/**
 * How long each step takes if nobody says otherwise, in milliseconds. QEMU's documentation says 100; the binary (7.2)
 * waits for 10.
 */
export const defaultHoldMs = 10

/** How much may wait: a wait counts one, a key that goes down or up counts two (it and its report). */
export const queueLimit = 1024

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
  readonly #sink: SendKeyOptions['sink']
  readonly #failed: SendKeyOptions['failed']
  readonly #clock: Clock
  readonly #encoder = new KeyboardEncoder()
  /** What follows the present wait; empty if there is none. */
  #steps: Step[] = []
  #waiting = 0
  #wait: Wait | undefined
  #state: 'paused' | 'running' | 'ended' = 'paused'

  constructor({ sink, failed, scope, clock = hostClock }: SendKeyOptions) {
    this.#sink = sink
    this.#failed = failed
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
    for (const key of numbers) this.#press(key, true, ms)
    for (const key of numbers.reverse()) this.#press(key, false, ms)
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

  #press(key: number, down: boolean, ms: number): void {
    const step = { kind: 'key', key, down } as const
    if (this.#wait !== undefined) this.#queue(step)
    else if (this.#state === 'running') void this.#deliver(step)
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
      void this.#deliver(step)
    }
  }

  async #deliver({ key, down }: KeyStep): Promise<void> {
    const codes = this.#encoder.encode(key, down)
    if (codes.length === 0) return
    try {
      await this.#sink(codes)
    } catch (error) {
      this.#drop()
      this.#failed(error)
    }
  }

  #drop(): void {
    if (this.#wait !== undefined && 'cancel' in this.#wait) this.#wait.cancel()
    this.#wait = undefined
    this.#steps = []
    this.#waiting = 0
    this.#encoder.reset()
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
