import { type Deferred, deferred } from '../async/index.ts'
import type { BoardHost, VmmouseMode } from './board.ts'

type Notice = 'guestReset' | 'guestShutdown' | 'guestSuspend' | 'crashed'

/** The surroundings of a board under test: remembers what it is told, and lets a test wait for it. */
export class BoardWitness implements BoardHost {
  readonly notices: Notice[] = []
  /** Why the board crashed, each time. */
  readonly failures: Error[] = []
  /** How often a key or button would have woken the guest. */
  wakeRequests = 0
  /** By how many seconds the guest has set its clock before the host's, each time. */
  readonly clockOffsets: number[] = []
  /** What the guest asked of VMware's mouse, each time. */
  readonly vmmouseModes: VmmouseMode[] = []
  readonly #lines: Uint8Array[] = []
  #received = 0
  readonly #waiting = new Set<{ readonly met: () => boolean; readonly done: Deferred<void> }>()
  #held: Deferred<void> | undefined

  guestReset(): void {
    this.#note('guestReset')
  }

  guestShutdown(): void {
    this.#note('guestShutdown')
  }

  guestSuspend(): void {
    this.#note('guestSuspend')
  }

  clockSet(offsetSeconds: number): void {
    this.clockOffsets.push(offsetSeconds)
    this.#look()
  }

  crashed(error: Error): void {
    this.failures.push(error)
    this.#note('crashed')
  }

  wakeRequested(): void {
    this.wakeRequests++
    this.#look()
  }

  vmmouse(mode: VmmouseMode): void {
    this.vmmouseModes.push(mode)
    this.#look()
  }

  serialOutput(_port: number, bytes: Uint8Array): Promise<void> | void {
    this.#lines.push(bytes)
    this.#received += bytes.length
    this.#look()
    return this.#held?.promise
  }

  /** How many bytes have come through the serial ports. */
  get received(): number {
    return this.#received
  }

  /** All that has come through the serial ports. */
  get serial(): Buffer {
    return Buffer.concat(this.#lines)
  }

  /** From now on, takes serial output without asking for more, until the function that it returns is called. */
  hold(): () => void {
    const held = deferred()
    this.#held = held
    return () => {
      this.#held = undefined
      held.resolve()
    }
  }

  /** Waits until the board has told so many things. */
  told(count: number): Promise<void> {
    return this.#until(() => this.notices.length >= count)
  }

  /** Waits until so many bytes have come through the serial ports, and returns them all. */
  async heard(bytes: number): Promise<Buffer> {
    await this.#until(() => this.#received >= bytes)
    return this.serial
  }

  #note(notice: Notice): void {
    this.notices.push(notice)
    this.#look()
  }

  async #until(met: () => boolean): Promise<void> {
    if (met()) return
    const done = deferred()
    this.#waiting.add({ met, done })
    await done.promise
  }

  #look(): void {
    for (const waiter of this.#waiting) {
      if (!waiter.met()) continue
      this.#waiting.delete(waiter)
      waiter.done.resolve()
    }
  }
}
