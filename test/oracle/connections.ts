/** The conversations of one case, by name, and what happens on any of them. */
import { type Deferred, deferred } from '../../src/async/index.ts'
import { Connection } from './connection.ts'

/** How long a server may take to notice that a client has left. */
const secondsToNotice = 20

export class Connections implements Disposable {
  readonly #byName = new Map<string, Connection>()
  readonly #path: (name: string) => string
  readonly #hopeless: AbortSignal
  readonly #passesDescriptors: boolean
  #change: Deferred<void> = deferred()

  /** `path` finds a socket file by its name; once `hopeless` aborts, connecting is given up. */
  constructor(path: (name: string) => string, hopeless: AbortSignal, passesDescriptors: boolean) {
    this.#path = path
    this.#hopeless = hopeless
    this.#passesDescriptors = passesDescriptors
  }

  async open(name: string, address: string): Promise<Connection> {
    const changed = () => {
      this.#change.resolve()
      this.#change = deferred()
    }
    const path = address.includes(':') ? address : this.#path(address)
    const connection = await Connection.open(path, {
      changed,
      signal: AbortSignal.any([this.#hopeless, AbortSignal.timeout(20_000)]),
      passesDescriptors: this.#passesDescriptors,
    })
    this.#byName.set(name, connection)
    return connection
  }

  get(name: string): Connection | undefined {
    return this.#byName.get(name)
  }

  names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  all(): readonly Connection[] {
    return [...this.#byName.values()]
  }

  /** Closes a connection, which the server notices, and hands over what it had received. */
  async close(name: string): Promise<readonly string[]> {
    const connection = this.#byName.get(name)
    this.#byName.delete(name)
    const lines = [...(connection?.lines ?? [])]
    await connection?.leave(secondsToNotice * 1000)
    return lines
  }

  /** Waits until something arrives anywhere; false if nothing did within `milliseconds`. */
  async change(milliseconds: number): Promise<boolean> {
    const clock = deferred<boolean>()
    const timer = setTimeout(() => clock.resolve(false), milliseconds)
    try {
      return await Promise.race([this.#change.promise.then(() => true), clock.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Waits until nothing has arrived for `milliseconds`. */
  async silence(milliseconds: number): Promise<void> {
    while (await this.change(milliseconds));
  }

  [Symbol.dispose](): void {
    for (const connection of this.#byName.values()) connection.close()
  }
}
