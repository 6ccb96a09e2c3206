export interface BoundedQueueOptions {
  /** How many items may wait; the oldest is dropped, and counted, when one more comes. */
  readonly capacity: number
}

/**
 * A queue with one reader, read with `for await`; it ends when `end()` is called and what waits has been read.
 *
 * It never grows beyond its capacity: a reader that is too slow loses the oldest items and finds their number in `lost`.
 */
export class BoundedQueue<T> implements AsyncIterableIterator<T> {
  readonly capacity: number
  #items: T[] = []
  #lost = 0
  #ended = false
  #error: unknown
  #waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = []

  constructor({ capacity }: BoundedQueueOptions) {
    if (!(capacity >= 1)) throw new RangeError('a queue needs room for at least one item')
    this.capacity = capacity
  }

  /** How many items were dropped because nobody read them in time. */
  get lost(): number {
    return this.#lost
  }

  get size(): number {
    return this.#items.length
  }

  get ended(): boolean {
    return this.#ended
  }

  push(item: T): void {
    if (this.#ended) return
    const reader = this.#waiting.shift()
    if (reader !== undefined) {
      reader.resolve({ value: item, done: false })
      return
    }
    if (this.#items.length >= this.capacity) {
      this.#items.shift()
      this.#lost++
    }
    this.#items.push(item)
  }

  /** Ends the queue: what waits can still be read, then readers see the end, or `error` if one is given. */
  end(error?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    for (const reader of this.#waiting.splice(0)) {
      if (error === undefined) reader.resolve({ value: undefined, done: true })
      else reader.reject(error)
    }
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#items.length > 0) return { value: this.#items.shift()!, done: false }
    if (this.#ended) {
      const error = this.#error
      this.#error = undefined
      if (error !== undefined) throw error
      return { value: undefined, done: true }
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async return(): Promise<IteratorResult<T>> {
    this.#items = []
    this.end()
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
