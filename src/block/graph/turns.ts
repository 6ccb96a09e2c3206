/** Lets pieces of work have something to themselves, one after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` when everything that came before has settled. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
