/** What a crash takes from a machine's clients without a word. */
export interface Victim {
  /** Breaks its connections, in the middle of whatever is said. */
  destroy(): void
}

/**
 * The end of a machine as by a crash: every connection to a monitor breaks before anything is said of the end, no SHUTDOWN
 * is sent and no command answered. Images are closed all the same.
 */
export class AbruptEnd {
  readonly #victims: Victim[] = []
  readonly #end: () => void
  readonly #killed: () => void

  /**
   * @param end - ends the machine; what it says reaches nobody
   * @param killed - hears of it before
   */
  constructor(end: () => void, killed: () => void = () => undefined) {
    this.#end = end
    this.#killed = killed
  }

  add(victim: Victim): void {
    this.#victims.push(victim)
  }

  kill(): void {
    this.#killed()
    for (const victim of this.#victims) victim.destroy()
    this.#end()
  }
}
