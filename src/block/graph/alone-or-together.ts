import { type Deferred, deferred } from '../../async/index.ts'
import { Turns } from './turns.ts'

/** Work that may run together with its like, and work that must be alone. Nobody is kept out for ever. */
export class AloneOrTogether {
  readonly #turns = new Turns()
  /** How many want to be alone, or are. */
  #alone = 0
  #together = 0
  #quiet: Deferred<void> | undefined

  /** Runs work at once, unless some wants to be alone. */
  together<T>(work: () => Promise<T>): Promise<T> {
    if (this.#alone > 0) return this.#later(work)
    this.#together++
    const running = start(work)
    running.then(this.#ended, this.#ended)
    return running
  }

  /** Runs work when nothing else runs; what comes meanwhile waits. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    this.#alone++
    return this.#turns.take(async () => {
      try {
        if (this.#together > 0) {
          this.#quiet = deferred()
          await this.#quiet.promise
        }
        return await work()
      } finally {
        this.#alone--
      }
    })
  }

  async #later<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone > 0) await this.#turns.take(async () => undefined)
    return this.together(work)
  }

  readonly #ended = (): void => {
    this.#together--
    if (this.#together > 0) return
    this.#quiet?.resolve()
    this.#quiet = undefined
  }
}

function start<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work()
  } catch (error) {
    return Promise.reject(error)
  }
}
