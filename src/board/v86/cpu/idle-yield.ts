import type { V86Loop } from '../v86-internals.ts'

/**
 * Lets an idle guest cost little: v86 spins through `setImmediate` whenever the next timer is less than a millisecond
 * away, which is most of the time. Sleeping for that millisecond is late by less than a guest can tell. So are whole
 * milliseconds, rounded up: rounded down, as Node rounds, each of the guest's ticks would wake the thread twice.
 */
export function patchIdleYield(loop: V86Loop): void {
  loop.yield = (milliseconds, tick) => {
    const go = (): void => loop.yield_callback(tick)
    if (milliseconds <= 0) setImmediate(go)
    else setTimeout(go, Math.ceil(milliseconds))
  }
}
