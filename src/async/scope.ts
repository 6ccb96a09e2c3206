/** What a scope can end: a function, or anything with `close()` or `[Symbol.asyncDispose]()`. */
export type Ender = (() => unknown) | { close(): unknown } | AsyncDisposable

type State = 'open' | 'closing' | 'closed'

/**
 * Owns running work and ends it: every task, timer, listener, worker and descriptor belongs to one.
 *
 * What was taken first is ended last. A scope that ends aborts its `signal` first, so that waits inside it stop.
 * `close()` waits for each ender in turn and throws what they threw (one error as it is, several as an AggregateError);
 * later callers join the first.
 */
export class Scope implements AsyncDisposable {
  #state: State = 'open'
  #enders: Ender[] = []
  #controller = new AbortController()
  #ending: Promise<void> | undefined

  /** Fires when the scope begins to end. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get open(): boolean {
    return this.#state === 'open'
  }

  /**
   * Takes a resource into the scope and returns it.
   *
   * @throws {Error} if the scope has ended or is ending; the resource then still belongs to the caller
   */
  own<T extends Ender>(resource: T): T {
    if (this.#state !== 'open') throw new Error(`this scope is ${this.#state}: it takes nothing more`)
    this.#enders.push(resource)
    return resource
  }

  /** Forgets a resource without ending it; does nothing if the scope does not hold it. */
  release(resource: Ender): void {
    const index = this.#enders.lastIndexOf(resource)
    if (index >= 0) this.#enders.splice(index, 1)
  }

  /** A scope inside this one: it may end before, and ends at the latest with it. */
  child(): Scope {
    const child = new Scope()
    this.own(child)
    child.own(() => this.release(child))
    return child
  }

  close(reason?: unknown): Promise<void> {
    this.#ending ??= this.#end(reason)
    return this.#ending
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #end(reason: unknown): Promise<void> {
    this.#state = 'closing'
    this.#controller.abort(reason ?? new Error('the scope has ended'))
    const errors: unknown[] = []
    for (let ender = this.#enders.pop(); ender !== undefined; ender = this.#enders.pop()) {
      try {
        await endOne(ender)
      } catch (error) {
        errors.push(error)
      }
    }
    this.#state = 'closed'
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, 'several things failed to end')
  }
}

function endOne(ender: Ender): unknown {
  if (typeof ender === 'function') return ender()
  if ('close' in ender) return ender.close()
  return ender[Symbol.asyncDispose]()
}
