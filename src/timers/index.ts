/**
 * Node's own timers, as they were when this room was loaded: a test that replaces the global ones (fake timers) does not
 * stop the machines of its process.
 */
import { setImmediate as nodeImmediate, setTimeout as nodeTimeout } from 'node:timers/promises'

export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = globalThis

/** Lets the event loop turn once. */
export const nextTurn: () => Promise<void> = nodeImmediate

/** Lets time pass, in milliseconds. @throws {AbortError} if the signal fires before */
export const delay: (
  milliseconds: number,
  value?: undefined,
  options?: { readonly signal?: AbortSignal },
) => Promise<void> = nodeTimeout

/** Milliseconds since the process began, which no test's clock changes. */
export const now: () => number = performance.now.bind(performance)
