import { type Deferred, deferred, untilAborted } from '../async/index.ts'

/**
 * What somebody does with an image: `change` what a part of it holds, `copy` all of it as it is at one moment, or work on
 * the `whole` of it, and nobody else changes or copies anything.
 */
export type DiskUse = 'change' | 'copy' | 'whole'

interface Waiting {
  readonly use: DiskUse
  readonly admitted: Deferred<void>
}

/**
 * Keeps changes of an image apart from work that goes through it from the beginning to the end: a write would be lost in a
 * stretch that is behind such work already. Uses of one kind run together, except for work on the whole. First come, first
 * served: nobody is kept out for ever.
 */
export class DiskGate {
  #use: DiskUse | undefined
  #running = 0
  readonly #waiting: Waiting[] = []

  /**
   * Runs `work` when nothing is under way that it must not meet; `work` does not wait for another use of this gate.
   *
   * @throws the reason of `signal`, if it fires before `work` has begun
   */
  run<T>(use: DiskUse, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#waiting.length === 0 && this.#admits(use)) {
      this.#enter(use)
      return this.#finish(work)
    }
    return this.#runLater(use, work, signal)
  }

  async #runLater<T>(use: DiskUse, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const waiting: Waiting = { use, admitted: deferred() }
    this.#waiting.push(waiting)
    try {
      await untilAborted(waiting.admitted.promise, signal)
    } catch (error) {
      const at = this.#waiting.indexOf(waiting)
      if (at >= 0) this.#waiting.splice(at, 1)
      else this.#leave() // it was let in at the same moment
      this.#admitNext()
      throw error
    }
    return this.#finish(work)
  }

  async #finish<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  #admits(use: DiskUse): boolean {
    return this.#running === 0 || (use === this.#use && use !== 'whole')
  }

  #enter(use: DiskUse): void {
    this.#use = use
    this.#running++
  }

  #leave(): void {
    this.#running--
    this.#admitNext()
  }

  #admitNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#admits(next.use); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#enter(next.use)
      next.admitted.resolve()
    }
  }
}
