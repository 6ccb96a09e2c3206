import { clearTimeout, now, setTimeout } from '../../timers/index.ts'
/** Time for protocols: a test's stands still until it is moved. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number
  after(milliseconds: number, due: () => void): Timer
}

export interface Timer {
  cancel(): void
}

/** The host's. What waits by it keeps no program running. */
export const hostClock: Clock = {
  now,
  after: (milliseconds, due) => {
    const timer = setTimeout(due, milliseconds)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
