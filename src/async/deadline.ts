import { clearTimeout, setTimeout } from './timers.ts'

/** The reason of a signal that fired because its time was up. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
  /** The time that was given, in milliseconds. */
  readonly milliseconds: number

  constructor(milliseconds: number, what = 'The operation') {
    super(`${what} took longer than ${milliseconds} ms`)
    this.milliseconds = milliseconds
  }
}

/**
 * A signal that fires after `milliseconds`, or when `parent` does. `clear()` it when the work is done: the timer keeps
 * nothing alive after that.
 */
export function deadline(
  milliseconds: number,
  parent?: AbortSignal,
  what?: string,
): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DeadlineError(milliseconds, what)), milliseconds)
  const follow = (): void => controller.abort(parent?.reason)
  const clear = (): void => {
    clearTimeout(timer)
    parent?.removeEventListener('abort', follow)
  }
  if (parent?.aborted === true) follow()
  else parent?.addEventListener('abort', follow, { once: true })
  controller.signal.addEventListener('abort', clear, { once: true })
  return { signal: controller.signal, clear }
}
