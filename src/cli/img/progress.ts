import type { Output } from './img.ts'

/** The progress that `-p` shows: a percentage that is written over itself, in steps that a person can follow. */
export class Progress {
  readonly #output: Output | undefined
  readonly #step: number
  #shown = 0

  /** @param step - percent between two lines, at least */
  constructor(output: Output | undefined, step = 1) {
    this.#output = output
    this.#step = step
  }

  show(percent: number): void {
    const steps = Math.abs(percent - this.#shown) > this.#step
    if (!steps && percent !== 0 && percent !== 100) return
    this.#shown = percent
    this.#output?.out(`    (${percent.toFixed(2)}/100%)\r`)
  }

  end(): void {
    this.#output?.out('\n')
  }
}
