import { clearTimeout, setTimeout } from '../timers/index.ts'
import type { Duplex } from '../transport/index.ts'
import type { Frontend } from './chardev.ts'
import { ChardevError } from './chardev-error.ts'
import type { DeviceLog } from './device-log.ts'
import { Relay } from './relay.ts'

/** How long a device that closes waits for peers to read what was sent to them last. */
const graceMilliseconds = 500

export interface ConnectionsOptions {
  readonly label: string
  /** The most that may be served at once, whatever the front end can. */
  readonly limit?: number | undefined
  /** Called when the number of places left turns to none, or to some. */
  readonly full?: (full: boolean) => void
  /** Gets a copy of what is sent. */
  readonly log?: DeviceLog | undefined
}

/**
 * The connections of a character device and the front end that they go to. Before there is one, one connection is
 * taken and kept: QEMU's devices connect before anybody is attached.
 */
export class Connections {
  readonly #options: ConnectionsOptions
  readonly #open: Duplex[] = []
  /** Of connections that have had a front end that leaves. */
  readonly #relays = new Map<Duplex, Relay>()
  #frontend: Frontend | undefined

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  get frontend(): Frontend | undefined {
    return this.#frontend
  }

  get frontendOpen(): boolean {
    return this.#frontend !== undefined && (this.#frontend.listens ?? true)
  }

  /** The one that has been connected for the longest. */
  get first(): Duplex | undefined {
    return this.#open[0]
  }

  attach(frontend: Frontend): void {
    if (this.#frontend !== undefined) throw new ChardevError('in-use', `Device '${this.#options.label}' is in use`)
    this.#frontend = frontend
    frontend.logTo?.(this.#options.log?.add)
    for (const stream of [...this.#open]) this.#hand(frontend, stream)
    this.#options.full?.(this.#full)
  }

  detach(frontend: Frontend): void {
    if (this.#frontend !== frontend) return
    frontend.logTo?.(undefined)
    this.#frontend = undefined
    for (const relay of this.#relays.values()) relay.leave()
    this.#options.full?.(this.#full)
  }

  add(stream: Duplex): void {
    this.#open.push(stream)
    void stream.closed.then(() => this.#remove(stream))
    if (this.#full) this.#options.full?.(true)
    if (this.#frontend !== undefined) this.#hand(this.#frontend, stream)
  }

  #hand(frontend: Frontend, stream: Duplex): void {
    const { log } = this.#options
    const logged = log === undefined || frontend.logTo !== undefined ? stream : log.copy(stream)
    const relay = this.#relays.get(stream) ?? (frontend.leaves === true ? new Relay(logged) : undefined)
    if (relay !== undefined) this.#relays.set(stream, relay)
    frontend.connection(relay?.join() ?? logged)
  }

  /** Sends what is queued and closes; drops who does not read it in time. */
  async close(): Promise<void> {
    const grace = setTimeout(() => this.destroy(), graceMilliseconds)
    await Promise.all(this.#open.map((stream) => stream.close()))
    clearTimeout(grace)
    this.#options.log?.[Symbol.dispose]()
  }

  /** Breaks all connections at once; others may come. */
  hangUp(): void {
    for (const stream of [...this.#open]) stream.destroy()
  }

  destroy(): void {
    this.hangUp()
    this.#options.log?.[Symbol.dispose]()
  }

  get #full(): boolean {
    const concurrent = this.#frontend?.concurrent ?? false
    const capacity = concurrent === true ? Number.POSITIVE_INFINITY : concurrent === false ? 1 : concurrent
    return this.#open.length >= Math.min(capacity, this.#options.limit ?? Number.POSITIVE_INFINITY)
  }

  #remove(stream: Duplex): void {
    this.#open.splice(this.#open.indexOf(stream), 1)
    this.#relays.delete(stream)
    if (!this.#full) this.#options.full?.(false)
  }
}
