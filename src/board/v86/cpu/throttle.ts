import type { Brake } from './brake.ts'

/** How long the guest executes between two halts, in milliseconds. */
const sliceMs = 10

/** Lets the guest stand still for a part of its time; its clocks go on. */
export class Throttle {
  readonly #brake: Brake
  #timer: NodeJS.Timeout | undefined
  #release: () => void = () => undefined

  constructor(brake: Brake) {
    this.#brake = brake
  }

  /** @param percentage - 1 to 99; 0 for none */
  set(percentage: number): void {
    clearTimeout(this.#timer)
    this.#release()
    if (percentage > 0) this.#run((sliceMs * percentage) / (100 - percentage))
  }

  #run(haltMs: number): void {
    this.#timer = setTimeout(() => {
      this.#release = this.#brake.hold()
      this.#timer = setTimeout(() => {
        this.#release()
        this.#run(haltMs)
      }, haltMs)
    }, sliceMs)
  }
}
