/**
 * The least, the greatest and the average of what was counted within a period that ends now. Two windows of one period
 * overlap by half of it: the one that ends sooner, which has at least half a period behind it, is shown.
 */
export class TimedAverage {
  readonly #period: number
  readonly #windows: readonly [Window, Window]

  /** @param period - in the unit of time that `now` counts in all calls */
  constructor(period: number, now: number) {
    this.#period = period
    this.#windows = [new Window(now + period / 2), new Window(now + period)]
  }

  count(value: number, now: number): void {
    this.#expire(now)
    for (const window of this.#windows) window.add(value)
  }

  /** What was counted: zeroes if nothing was. */
  at(now: number): { readonly least: number; readonly greatest: number; readonly average: number } {
    const { count, sum, least, greatest } = this.#shown(now)
    return count === 0 ? { least: 0, greatest: 0, average: 0 } : { least, greatest, average: Math.trunc(sum / count) }
  }

  /** The sum of what was counted, and since when, as a length of time. */
  sumAt(now: number): { readonly sum: number; readonly elapsed: number } {
    const { sum, end } = this.#shown(now)
    return { sum, elapsed: this.#period - (end - now) }
  }

  #shown(now: number): Window {
    this.#expire(now)
    const [one, other] = this.#windows
    return one.end <= other.end ? one : other
  }

  /** Begins windows that have ended anew, half a period apart as before. */
  #expire(now: number): void {
    for (const window of this.#windows) {
      if (now < window.end) continue
      const periods = 1 + Math.floor((now - window.end) / this.#period)
      window.restart(window.end + periods * this.#period)
    }
  }
}

class Window {
  end: number
  count = 0
  sum = 0
  least = Number.POSITIVE_INFINITY
  greatest = 0

  constructor(end: number) {
    this.end = end
  }

  add(value: number): void {
    this.count++
    this.sum += value
    this.least = Math.min(this.least, value)
    this.greatest = Math.max(this.greatest, value)
  }

  restart(end: number): void {
    this.end = end
    this.count = 0
    this.sum = 0
    this.least = Number.POSITIVE_INFINITY
    this.greatest = 0
  }
}
