/** Milliseconds that a call which goes to memory alone may take. */
const unhurried = 4
/** One that takes so long was held up, however busy the processor is. */
const certain = 50
/** So many in a row that took too long were: one alone may have lost the processor to others. */
const suspicious = 3
/** Calls that were held up are followed by so many times as long without. */
const patience = 100

/** Tells whether the system holds up calls that it should answer at once. Times are milliseconds. */
export class HeldUp {
  #inRow = 0
  #restsUntil = 0

  /** Whether none of these calls is to be made now. */
  rests(now: number): boolean {
    return now < this.#restsUntil
  }

  /** Notes how long a call took. */
  note(begin: number, end: number): void {
    const taken = end - begin
    this.#inRow = taken > unhurried ? this.#inRow + 1 : 0
    if (taken > certain || this.#inRow === suspicious) {
      this.#inRow = 0
      this.#restsUntil = end + taken * patience
    }
  }
}
