import type { Output } from './img.ts'
import { twoDigits } from './percent.ts'

/** The progress that `-p` shows: a percentage that is written over itself, in steps that a person can follow. */
export class Progress implements AsyncDisposable {
  readonly #output: Output | undefined
  readonly #step: number
  #shown = 0
  #begun = false

  /** @param step - percent between two lines, at least */
  constructor(output: Output | undefined, step = 1) {
    this.#output = output
    this.#step = step
  }

  /** From now on there is a line to end. */
  begin(): this {
    this.#begun = true
    return this
  }

  show(percent: number): void {
    const steps = Math.abs(percent - this.#shown) > this.#step
    if (!steps && percent !== 0 && percent !== 100) return
    this.#shown = percent
    this.#output?.out(`    (${twoDigits(percent)}/100%)\r`)
  }

  /** Ends the line. */
  end(): void {
    if (this.#begun) this.#output?.out('\n')
    this.#begun = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end()
  }
}
