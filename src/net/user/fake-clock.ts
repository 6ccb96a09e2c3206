import type { Clock, Timer } from './clock.ts'

/** A clock that stands still until it is moved, for tests. */
export class FakeClock implements Clock {
  #now = 0
  #order = 0
  #due: { readonly at: number; readonly order: number; readonly run: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(milliseconds: number, run: () => void): Timer {
    const entry = { at: this.#now + milliseconds, order: this.#order++, run }
    this.#due.push(entry)
    return {
      cancel: () => {
        const index = this.#due.indexOf(entry)
        if (index >= 0) this.#due.splice(index, 1)
      },
    }
  }

  /** Goes to the next moment at which something is due. @returns false if nothing is */
  step(): boolean {
    let next = this.#due[0]
    if (next === undefined) return false
    for (const entry of this.#due)
      if (entry.at < next.at || (entry.at === next.at && entry.order < next.order)) next = entry
    this.#due.splice(this.#due.indexOf(next), 1)
    this.#now = Math.max(this.#now, next.at)
    next.run()
    return true
  }

  /** Lets so much time pass. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds
    while (this.#due.some(({ at }) => at <= end)) this.step()
    this.#now = end
  }
}
