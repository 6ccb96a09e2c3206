/** One conversation with a server, as lines that arrive and are taken. */
import { setTimeout as pause } from 'node:timers/promises'
import { deferred } from '../../src/async/index.ts'
import { dial, type Wire } from './dial.ts'

export interface ConnectionOptions {
  /** Called when lines arrive or the connection ends. */
  readonly changed: () => void
  /** Aborts when connecting has become hopeless. */
  readonly signal: AbortSignal
  readonly passesDescriptors: boolean
}

export class Connection {
  readonly #changed: () => void
  readonly #lines: string[] = []
  #wire: Wire | undefined
  #rest = Buffer.alloc(0)
  #ended = false
  readonly #left = deferred()

  private constructor(changed: () => void) {
    this.#changed = changed
  }

  /**
   * Connects to a socket file or `host:port`; where nobody listens yet, tries again until it is hopeless.
   *
   * @throws the last attempt's error, when `signal` aborts
   */
  static async open(address: string, { changed, signal, passesDescriptors }: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(changed)
    const sink = {
      data: (chunk: Uint8Array) => connection.#receive(chunk),
      closed: () => connection.#end(),
    }
    for (;;) {
      try {
        connection.#wire = await dial(address, passesDescriptors, sink)
        return connection
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

  send(bytes: Uint8Array, descriptors?: readonly number[]): void {
    this.#wire?.write(bytes, descriptors)
  }

  close(): void {
    this.#wire?.destroy()
  }

  /** Closes, and waits until the server has closed its side: it knows of it then. A deaf server is waited for `milliseconds`. */
  async leave(milliseconds: number): Promise<void> {
    this.#wire?.end()
    await Promise.race([this.#left.promise, pause(milliseconds, undefined, { ref: false })])
    this.close()
  }

  #receive(chunk: Uint8Array): void {
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
    this.#left.resolve()
    if (this.#rest.length > 0) this.#lines.push(`${this.#rest.toString('utf8')}<no line end>`)
    this.#lines.push('<EOF>')
    this.#changed()
  }
}
