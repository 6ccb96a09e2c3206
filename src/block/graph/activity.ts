/**
 * Whether the images of a graph are this process's. While they are not, another process has them: nothing is locked, and
 * nothing is written, whatever users of nodes may do otherwise. Some of them may be taken before the others.
 */
export class Activity {
  /** Of all that were not taken before. */
  active: boolean
  readonly #ahead = new WeakSet<object>()

  constructor(active: boolean) {
    this.active = active
  }

  /** Whether a node's image is this process's. */
  has(node: object): boolean {
    return this.active || this.#ahead.has(node)
  }

  takeAhead(node: object): void {
    this.#ahead.add(node)
  }

  /** From now on it is as the others are. */
  fallBack(node: object): void {
    this.#ahead.delete(node)
  }
}
