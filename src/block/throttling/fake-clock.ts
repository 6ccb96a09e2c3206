import { nextTurn } from '../../timers/index.ts'
import type { ThrottleClock } from './throttle-group.ts'

/** A clock for tests: it stands still between what it is told to do. */
export class FakeClock implements ThrottleClock {
  #now = 0
  readonly #timers = new Set<{ readonly at: number; readonly act: () => void }>()

  now(): number {
    return this.#now
  }

  after(milliseconds: number, act: () => void): () => void {
    const timer = { at: this.#now + milliseconds, act }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time go by, timer after timer; what they start runs before the next. */
  async run(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    for (;;) {
      await nextTurn()
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = next.at
      next.act()
    }
    this.#now = end
  }
}
