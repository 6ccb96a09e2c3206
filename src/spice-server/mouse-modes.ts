import type { GuestInput } from '../input/index.ts'
import { MouseMode, type MouseModes } from '../spice/index.ts'

/** Who moves the pointer: the guest, unless it takes places and a client has wanted to tell them. */
export class MouseModeControl {
  readonly #input: GuestInput
  readonly #changed: (modes: MouseModes) => void
  readonly #release: () => void
  #allowed: boolean
  #client = false

  /** @param changed - told what clients have to be told */
  constructor(input: GuestInput, changed: (modes: MouseModes) => void) {
    this.#input = input
    this.#changed = changed
    this.#allowed = input.absolute
    this.#release = input.onChange(() => this.#look())
  }

  get modes(): MouseModes {
    return {
      supported: this.#allowed ? MouseMode.server | MouseMode.client : MouseMode.server,
      current: this.#client ? MouseMode.client : MouseMode.server,
    }
  }

  /** A client wants another one; it is told what is so now. */
  request(mode: number): void {
    this.#client = mode === MouseMode.client && this.#allowed
    this.#changed(this.modes)
  }

  end(): void {
    this.#release()
  }

  #look(): void {
    if (this.#input.absolute === this.#allowed) return
    this.#allowed = this.#input.absolute
    if (!this.#allowed) this.#client = false
    this.#changed(this.modes)
  }
}
