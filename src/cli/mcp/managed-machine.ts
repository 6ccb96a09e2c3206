import { type BoundedQueue, type Deferred, deferred, untilAborted } from '../../async/index.ts'
import type { AnyQmpEvent } from '../../client/index.ts'
import type { RunningMachine } from '../../embedding/index.ts'
import { textOfError } from './text-of-error.ts'

/** How many events are remembered. */
const rememberedEvents = 1000

/** A machine of this server, with what has happened to it. */
export class ManagedMachine {
  readonly name: string
  /** MiB of RAM. */
  readonly memory: number
  readonly vm: RunningMachine
  /** How it has ended, if it has. */
  ending: string | undefined
  readonly events: AnyQmpEvent[] = []
  readonly #read = new Map<number, number>()
  /** Where in `events` those begin that nobody has waited for yet. */
  #fresh = 0
  #more: Deferred<void> = deferred()

  constructor(name: string, memory: number, vm: RunningMachine) {
    this.name = name
    this.memory = memory
    this.vm = vm
    void this.#listen(vm.qmp.anyEvents({ capacity: rememberedEvents }))
    vm.machine.ended.then(
      ({ reason }) => this.#end(reason),
      (error: unknown) => this.#end(textOfError(error)),
    )
  }

  async #listen(events: BoundedQueue<AnyQmpEvent>): Promise<void> {
    for await (const event of events) {
      this.events.push(event)
      if (this.events.length > rememberedEvents) {
        this.events.shift()
        this.#fresh = Math.max(0, this.#fresh - 1)
      }
      this.#changed()
    }
  }

  #end(reason: string): void {
    this.ending = reason
    this.#changed()
  }

  #changed(): void {
    this.#more.resolve()
    this.#more = deferred()
  }

  /**
   * Waits for an event of this name behind the one that was waited for before.
   *
   * @throws {Error} if the machine ends before @throws the reason of `signal`
   */
  async event(name: string, signal: AbortSignal): Promise<AnyQmpEvent> {
    for (;;) {
      const more = this.#more.promise
      const at = this.events.findIndex((event, index) => index >= this.#fresh && event.event === name)
      if (at >= 0) {
        this.#fresh = at + 1
        return this.events[at]!
      }
      if (this.ending !== undefined) throw new Error(`the machine has ended (${this.ending}) without ${name}`)
      await untilAborted(more, signal)
    }
  }

  /** What the guest has sent over a serial port since this was asked before. @throws {Error} if there is no such port */
  unread(port: number): string {
    const { received, text } = this.serial(port)
    const fresh = received - (this.#read.get(port) ?? 0)
    this.#read.set(port, received)
    return fresh >= text.length ? text : text.slice(text.length - fresh)
  }

  /** @throws {Error} if there is no such port */
  serial(port: number): NonNullable<RunningMachine['serial'][number]> {
    const found = this.vm.serial[port]
    if (found === undefined) throw new Error(`the machine has no serial port ${port}`)
    return found
  }
}
