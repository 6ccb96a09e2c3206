import { type Deferred, deferred, untilAborted } from '../../async/index.ts'

/** Counts what runs on a node, and holds back what comes while the node is drained. */
export class InFlight {
  #running = 0
  #drains = 0
  #quiet: Deferred<void> | undefined
  #opened: Deferred<void> | undefined

  /** Runs a request: at once, or when no drained section holds it back any more. */
  run<T>(start: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#opened !== undefined) return this.#runLater(start, signal)
    let running: Promise<T>
    try {
      running = start()
    } catch (error) {
      return Promise.reject(error)
    }
    this.#running++
    running.then(this.#settled, this.#settled)
    return running
  }

  /** Settles when nothing runs; from the call on nothing starts, until `resume()` has been called as often as this. */
  drain(): Promise<void> {
    this.#drains++
    this.#opened ??= deferred()
    return this.untilQuiet()
  }

  resume(): void {
    this.#drains--
    if (this.#drains > 0) return
    this.#opened?.resolve()
    this.#opened = undefined
  }

  async untilQuiet(): Promise<void> {
    if (this.#running === 0) return
    this.#quiet ??= deferred()
    await this.#quiet.promise
  }

  async #runLater<T>(start: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    while (this.#opened !== undefined) await untilAborted(this.#opened.promise, signal)
    return this.run(start, signal)
  }

  readonly #settled = (): void => {
    this.#running--
    if (this.#running > 0 || this.#quiet === undefined) return
    this.#quiet.resolve()
    this.#quiet = undefined
  }
}
