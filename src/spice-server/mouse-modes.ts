import type { GuestInput } from '../input/index.ts'
import { MouseMode, type MouseModes } from '../spice/index.ts'

/** Who moves the pointer: the guest, unless it takes places and a client has wanted to tell them. */
export class MouseModeControl {
  readonly #input: GuestInput
  readonly #changed: () => void
  readonly #release: () => void
  #allowed: boolean
  #client = false

  /** @param changed - called when clients have to be told the modes */
  constructor(input: GuestInput, changed: () => void) {
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
    this.#changed()
  }

  end(): void {
    this.#release()
  }

  #look(): void {
    if (this.#input.absolute === this.#allowed) return
    this.#allowed = this.#input.absolute
    if (!this.#allowed) this.#client = false
    this.#changed()
  }
}
