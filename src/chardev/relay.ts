import type { Duplex } from '../transport/index.ts'
import { MuxStream } from './mux-stream.ts'

/**
 * Passes a connection on to one front end after the other: while there is none nothing is read, and the connection stays.
 */
export class Relay {
  readonly #connection: Duplex
  #stream: MuxStream | undefined
  #started = false

  constructor(connection: Duplex) {
    this.#connection = connection
  }

  /** What the next front end has for the connection. */
  join(): Duplex {
    const connection = this.#connection
    const stream: MuxStream = new MuxStream({
      send: (bytes) => stream === this.#stream && connection.write(bytes),
      flow: (open) => {
        if (stream !== this.#stream) return
        if (open) connection.resume()
        else connection.pause()
      },
      get buffered() {
        return connection.buffered
      },
    })
    this.#stream = stream
    this.#start()
    return stream
  }

  /** The front end leaves: to it, the connection is closed. */
  leave(): void {
    const stream = this.#stream
    this.#stream = undefined
    this.#connection.pause()
    stream?.destroy()
  }

  #start(): void {
    if (this.#started) return
    this.#started = true
    const connection = this.#connection
    connection.start({
      data: (chunk) => this.#stream?.deliver(chunk),
      drain: () => this.#stream?.drained(),
      // Standard input that is used up says nothing of who reads standard output.
      end: () => {
        if (connection.kind !== 'stdio' && connection.kind !== 'pipe') void connection.close()
      },
      closed: (reason) => this.#stream?.destroy(reason),
    })
  }
}
