import type { Logger } from '../log/index.ts'
import type { RunControl } from '../runstate/index.ts'

type RousedGuest = Pick<RunControl, 'state' | 'rouse'>

/** Lets the guest run for whoever comes for it. Who comes before the machine has begun waits for that. */
export class GuestRouser {
  readonly #log: Logger
  #guest: RousedGuest | undefined
  /** The back end to whose port somebody has come before that. */
  #early: string | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Somebody has come to a forwarded port of a back end. */
  arrived(id: string): void {
    if (this.#guest === undefined) this.#early ??= id
    else this.#rouse(this.#guest, id)
  }

  /** The machine has begun: it stands where it is to, and may run. */
  begun(guest: RousedGuest): void {
    this.#guest = guest
    if (this.#early !== undefined) this.#rouse(guest, this.#early)
  }

  /** Also a guest that runs: it may be about to stop, and run control knows what waits before this. */
  #rouse(guest: RousedGuest, id: string): void {
    if (guest.state !== 'running')
      this.#log.log('net', 'somebody has come for the guest', { 'netdev-id': id, state: guest.state })
    guest.rouse().catch((error) => this.#log.log('machine', 'the board could not follow', { error }))
  }
}
