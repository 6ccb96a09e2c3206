import type { Asked } from '../config.ts'
import { ConfigError } from '../config-error.ts'

/** What the options say of how the machine begins. */
export class StartDraft {
  #paused = false
  #incoming: ({ readonly uri: string } & Asked) | undefined
  #snapshot: string | undefined

  /** The machine waits for `cont`. */
  get paused(): boolean {
    return this.#paused
  }

  /** Where a machine comes from that this one goes on with; `defer` if a command will say. */
  get incoming(): ({ readonly uri: string } & Asked) | undefined {
    return this.#incoming
  }

  /** The snapshot that the machine goes on from. */
  get snapshot(): string | undefined {
    return this.#snapshot
  }

  /** @throws {ConfigError} if the machine is to come from two places */
  check(): void {
    if (this.#incoming === undefined || this.#snapshot === undefined) return
    throw ConfigError.at(undefined, "'incoming' and 'loadvm' options are mutually exclusive")
  }

  /** -S */
  pause(): void {
    this.#paused = true
  }

  /** -incoming; the last one counts. */
  comeFrom(uri: string, origin: string): void {
    this.#incoming = { uri, origin }
  }

  /** -loadvm; the last one counts. */
  goOnFrom(snapshot: string): void {
    this.#snapshot = snapshot
  }
}
