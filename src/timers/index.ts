/**
 * Node's own timers, as they were when this room was loaded: a test that replaces the global ones (fake timers) does not
 * stop the machines of its process. Imports nothing of Node: the typed client, which has some of it, runs in browsers too.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = globalThis

/** Lets the event loop turn once. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Lets time pass, in milliseconds. @throws the reason of the signal, if it fires before */
export function delay(
  milliseconds: number,
  _value?: undefined,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const end = (): void => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(end, milliseconds)
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/** Milliseconds since the process began, which no test's clock changes. */
export const now: () => number = performance.now.bind(performance)
