import { type Deferred, deferred } from '../../async/index.ts'

interface Held {
  readonly begin: number
  readonly end: number
  readonly alone: boolean
  readonly done: Deferred<void>
}

/** Keeps requests apart that overlap, where one of them must see what it touches unchanged. First come, first served. */
export class RangeLocks {
  readonly #held = new Set<Held>()

  /** Runs work when nothing that came before overlaps it. */
  alone<T>(offset: number, length: number, work: () => Promise<T>): Promise<T> {
    return this.#run(offset, length, true, work)
  }

  /** Runs work when nothing that came before overlaps it and wants to be alone. */
  together<T>(offset: number, length: number, work: () => Promise<T>): Promise<T> {
    return this.#run(offset, length, false, work)
  }

  async #run<T>(begin: number, length: number, alone: boolean, work: () => Promise<T>): Promise<T> {
    const held: Held = { begin, end: begin + length, alone, done: deferred() }
    const before = [...this.#held].filter((other) => overlaps(held, other) && (alone || other.alone))
    this.#held.add(held)
    try {
      for (const other of before) await other.done.promise
      return await work()
    } finally {
      this.#held.delete(held)
      held.done.resolve()
    }
  }
}

function overlaps(one: Held, other: Held): boolean {
  return one.begin < other.end && other.begin < one.end
}
