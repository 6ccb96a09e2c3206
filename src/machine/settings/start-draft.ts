import type { Asked } from '../config.ts'

/** What the options say of how the machine begins. */
export class StartDraft {
  #paused = false
  #incoming: ({ readonly uri: string } & Asked) | undefined

  /** The machine waits for `cont`. */
  get paused(): boolean {
    return this.#paused
  }

  /** Where a machine comes from that this one goes on with; `defer` if a command will say. */
  get incoming(): ({ readonly uri: string } & Asked) | undefined {
    return this.#incoming
  }

  /** -S */
  pause(): void {
    this.#paused = true
  }

  /** -incoming; the last one counts. */
  comeFrom(uri: string, origin: string): void {
    this.#incoming = { uri, origin }
  }
}
