/** One conversation with a server, as lines that arrive and are taken. */
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export class Connection {
  readonly #socket: Socket
  readonly #changed: () => void
  readonly #lines: string[] = []
  #rest = Buffer.alloc(0)
  #ended = false

  private constructor(socket: Socket, changed: () => void) {
    this.#socket = socket
    this.#changed = changed
    socket.on('data', (chunk) => this.#receive(chunk))
    // A server that exits with unread input resets the connection; to the client that is an end like any other.
    socket.on('error', () => {})
    socket.on('close', () => this.#end())
  }

  /**
   * Connects to a socket file or `host:port`; where nobody listens yet, tries again until `signal` says that there is
   * no hope. `changed` is called when lines arrive or the connection ends.
   *
   * @throws the last attempt's error, when `signal` aborts
   */
  static async open(address: string, changed: () => void, signal: AbortSignal): Promise<Connection> {
    for (;;) {
      try {
        return new Connection(await dial(address), changed)
      } catch (error) {
        if (signal.aborted) throw error
      }
      await pause(5)
    }
  }

  /** Lines that have arrived and were not taken. The last one is `<EOF>` if the server closed the connection. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /** Nothing more can come. */
  get ended(): boolean {
    return this.#ended
  }

  take(count: number): string[] {
    return this.#lines.splice(0, count)
  }

  putBack(lines: readonly string[]): void {
    this.#lines.unshift(...lines)
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    let buffer = Buffer.concat([this.#rest, chunk])
    for (let at = buffer.indexOf(10); at >= 0; at = buffer.indexOf(10)) {
      const line = buffer.subarray(0, at).toString('utf8')
      // QEMU ends every line with CR LF; a line that does not must never look like one that does.
      this.#lines.push(line.endsWith('\r') ? line.slice(0, -1) : `${line}<LF>`)
      buffer = buffer.subarray(at + 1)
    }
    this.#rest = buffer
    this.#changed()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#rest.length > 0) this.#lines.push(`${this.#rest.toString('utf8')}<no line end>`)
    this.#lines.push('<EOF>')
    this.#changed()
  }
}

function dial(address: string): Promise<Socket> {
  const colon = address.lastIndexOf(':')
  const socket =
    colon < 0 ? connect(address) : connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket.off('error', reject)))
    socket.once('error', reject)
  })
}
