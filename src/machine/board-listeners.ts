import type { Line } from '../chardev/index.ts'
import type { PcInput } from '../input/index.ts'
import type { Logger } from '../log/index.ts'
import type { MigrationControl } from '../migration/index.ts'
import type { EventHub } from '../monitor/index.ts'
import type { RunControl } from '../runstate/index.ts'

interface Known {
  readonly events: EventHub
  /** Tells a person why the guest does not go on. */
  readonly failed: (error: Error) => void
  readonly log: Logger
}

/** Whom the board's notices are for. Most of them are made after the board: what comes before that is for nobody. */
export class BoardListeners {
  readonly events: EventHub
  readonly failed: (error: Error) => void
  readonly serial: Line[] = []
  runControl: RunControl | undefined
  input: PcInput | undefined
  migrations: MigrationControl | undefined
  interruptLine: ((line: number, asserted: boolean) => void) | undefined
  readonly #log: Logger

  constructor({ events, failed, log }: Known) {
    this.events = events
    this.failed = failed
    this.#log = log
  }

  /** Asks run control for something that has come up below it. */
  ask(work: (runControl: RunControl) => Promise<void>): void {
    if (this.runControl === undefined) return
    work(this.runControl).catch((error) => this.#log.log('machine', 'the board could not follow', { error }))
  }
}
