import { clearTimeout, now, setTimeout } from '../timers/index.ts'
/** Where time comes from: the host's, or a test's own. */
export interface Clock {
  /** Milliseconds from some start; never goes back. */
  now(): number
  /** Calls `action` once, after `ms` milliseconds; the function that it returns takes that back. */
  after(ms: number, action: () => void): () => void
}

/** setTimeout's longest wait, nearly 25 days. */
const longestWait = 2 ** 31 - 1

export const hostClock: Clock = {
  now,
  after(ms, action) {
    const timer = setTimeout(action, Math.min(ms, longestWait))
    return () => clearTimeout(timer)
  },
}
