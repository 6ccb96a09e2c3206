import type { Duplex } from '../transport/index.ts'
import type { Frontend } from './chardev.ts'
import { ChardevError } from './chardev-error.ts'

/** How long a device that closes waits for peers to read what was sent to them last. */
const graceMilliseconds = 1000

export interface ConnectionsOptions {
  readonly label: string
  /** The most that may be served at once, whatever the front end can. */
  readonly limit?: number | undefined
  /** Called when the number of places left turns to none, or to some. */
  readonly full?: (full: boolean) => void
}

/**
 * The connections of a character device and the front end that they go to. Before there is one, one connection is
 * taken and kept: QEMU's devices connect before anybody is attached.
 */
export class Connections {
  readonly #options: ConnectionsOptions
  readonly #open: Duplex[] = []
  #frontend: Frontend | undefined

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  get frontendOpen(): boolean {
    return this.#frontend !== undefined
  }

  /** The one that has been connected for the longest. */
  get first(): Duplex | undefined {
    return this.#open[0]
  }

  attach(frontend: Frontend): void {
    if (this.#frontend !== undefined) throw new ChardevError('in-use', `Device '${this.#options.label}' is in use`)
    this.#frontend = frontend
    for (const stream of [...this.#open]) frontend.connection(stream)
    this.#options.full?.(this.#full)
  }

  add(stream: Duplex): void {
    this.#open.push(stream)
    void stream.closed.then(() => this.#remove(stream))
    if (this.#full) this.#options.full?.(true)
    this.#frontend?.connection(stream)
  }

  /** Sends what is queued and closes; drops who does not read it in time. */
  async close(): Promise<void> {
    const grace = setTimeout(() => this.destroy(), graceMilliseconds)
    await Promise.all(this.#open.map((stream) => stream.close()))
    clearTimeout(grace)
  }

  destroy(): void {
    for (const stream of [...this.#open]) stream.destroy()
  }

  get #full(): boolean {
    const concurrent = this.#frontend?.concurrent ?? false
    const capacity = concurrent === true ? Number.POSITIVE_INFINITY : concurrent === false ? 1 : concurrent
    return this.#open.length >= Math.min(capacity, this.#options.limit ?? Number.POSITIVE_INFINITY)
  }

  #remove(stream: Duplex): void {
    this.#open.splice(this.#open.indexOf(stream), 1)
    if (!this.#full) this.#options.full?.(false)
  }
}
