import type { Duplex, Listener, ListenOptions } from '../transport/index.ts'
import type { ExportDirectory } from './haggling.ts'
import { NbdConnection, type Secure } from './nbd-connection.ts'

export interface NbdServerOptions {
  readonly directory: ExportDirectory
  /** How many clients may be there at once; 0 for any number. More wait until one has gone. */
  readonly maxConnections: number
  readonly secure?: Secure | undefined
  /** Hears why clients were sent away, in QEMU's words. */
  readonly complain?: (text: string) => void
  /** Milliseconds within which a client must have chosen an export; for tests. */
  readonly handshakeMs?: number
  /** Hears of each client that has gone, and how many are left. */
  readonly left?: (clients: number) => void
}

const defaultHandshakeMs = 10_000

/** Lets clients in, up to a number. */
export class NbdServer {
  readonly #options: NbdServerOptions
  readonly #connections = new Set<NbdConnection>()
  readonly #listeners: Listener[] = []
  #state: 'open' | 'closed' = 'open'

  constructor(options: NbdServerOptions) {
    this.#options = options
  }

  get maxConnections(): number {
    return this.#options.maxConnections
  }

  /** Clients that are there. */
  get clients(): number {
    return this.#connections.size
  }

  /**
   * Lets clients in from an address.
   *
   * @param listen - begins to listen
   * @throws {TransportError} if it cannot
   */
  async listen(listen: (options: Pick<ListenOptions, 'accept'>) => Promise<Listener>): Promise<Listener> {
    const listener = await listen({ accept: (stream) => this.accept(stream) })
    if (this.#state === 'closed') await listener.close()
    else this.#listeners.push(listener)
    this.#watch()
    return listener
  }

  /** Serves a client. */
  accept(stream: Duplex): void {
    if (this.#state === 'closed') {
      stream.destroy()
      return
    }
    const { directory, secure, complain = () => undefined, handshakeMs = defaultHandshakeMs } = this.#options
    const connection = new NbdConnection(stream, { directory, secure, complain, handshakeMs })
    this.#connections.add(connection)
    this.#watch()
    void connection.closed.then(() => {
      this.#connections.delete(connection)
      this.#watch()
      this.#options.left?.(this.#connections.size)
    })
  }

  /** Lets nobody in any more; who is there stays. */
  async stopListening(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) await listener.close()
  }

  /** Sends everybody away. Settles when nothing is served any more. */
  async close(): Promise<void> {
    this.#state = 'closed'
    await this.stopListening()
    const connections = [...this.#connections]
    for (const connection of connections) connection.destroy()
    await Promise.all(connections.map(({ closed }) => closed))
  }

  /** Who would be one too many waits outside. */
  #watch(): void {
    const { maxConnections } = this.#options
    const full = maxConnections > 0 && this.#connections.size >= maxConnections
    for (const listener of this.#listeners) {
      if (full) listener.pause()
      else listener.resume()
    }
  }
}
