import { createServer, type Server, type Socket } from 'node:net'
import type { Address, Duplex, Listener, ListenOptions } from './duplex.ts'

/** How many connections may wait while a listener is paused; one more is dropped. */
const maxWaiting = 128

export interface SocketListenerOptions extends ListenOptions {
  /** Makes a stream of an accepted socket, which is paused. */
  readonly wrap: (socket: Socket) => Duplex
}

function closeServer(server: Server): void {
  server.close()
}

/** A server of Node's that hands out its connections as streams. */
export function socketServer(): Server {
  return createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
}

/**
 * Accepts from servers that listen already (several for a host name with several addresses).
 *
 * A pause does not reach the system, as Node has no way to stop accepting: who comes then waits here, not read from.
 */
export class SocketListener implements Listener {
  readonly address: Address
  readonly #servers: readonly Server[]
  readonly #options: SocketListenerOptions
  readonly #letGo: (server: Server) => void
  #waiting: Duplex[] = []
  #paused = false
  #closing: Promise<void> | undefined
  readonly #abort = (): void => void this.close()

  /** @param letGo - ends a server, and what its address is made of */
  constructor(address: Address, servers: readonly Server[], options: SocketListenerOptions, letGo = closeServer) {
    this.address = address
    this.#servers = servers
    this.#options = options
    this.#letGo = letGo
    for (const server of servers) {
      server.on('connection', (socket) => this.#accept(socket))
      // Out of descriptors, or a peer that left too early: that connection has not come about, the next one may.
      server.on('error', () => undefined)
    }
    options.signal?.addEventListener('abort', this.#abort, { once: true })
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    while (!this.#paused) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#options.accept(next)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#abort)
    for (const connection of this.#waiting.splice(0)) connection.destroy()
    // A server's own 'close' also waits for the connections, which live on; the descriptor is released at once.
    for (const server of this.#servers) this.#letGo(server)
  }

  #accept(socket: Socket): void {
    const connection = this.#options.wrap(socket)
    if (this.#closing !== undefined || this.#waiting.length >= maxWaiting) connection.destroy()
    else if (this.#paused) this.#wait(connection)
    else this.#options.accept(connection)
  }

  #wait(connection: Duplex): void {
    this.#waiting.push(connection)
    void connection.closed.then(() => {
      const index = this.#waiting.indexOf(connection)
      if (index >= 0) this.#waiting.splice(index, 1)
    })
  }
}
