import type { QmpClient } from 'vmon/client'

type Stream = Parameters<typeof QmpClient.connect>[0]
type Sink = Parameters<Stream['start']>[0]

/** A stream of bytes through a WebSocket, as the client of QMP wants one. */
export class WebsocketStream implements Stream {
  readonly kind = 'inet'
  readonly local = undefined
  readonly remote = undefined
  readonly passesDescriptors = false
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  #waiting: (string | Uint8Array<ArrayBuffer>)[] = []

  constructor(url: string) {
    this.#socket = new WebSocket(url)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.addEventListener('open', () => {
      for (const data of this.#waiting.splice(0)) this.#socket.send(data)
    })
    this.closed = new Promise((resolve) => this.#socket.addEventListener('close', () => resolve()))
  }

  start(sink: Sink): void {
    this.#socket.addEventListener('message', ({ data }) => sink.data(new Uint8Array(data as ArrayBuffer)))
    this.#socket.addEventListener('close', ({ wasClean }) =>
      sink.closed?.(wasClean ? undefined : new Error('the connection is lost')),
    )
  }

  pause(): void {}
  resume(): void {}

  write(data: string | Uint8Array): boolean {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data)
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#waiting.push(bytes)
    else this.#socket.send(bytes)
    return true
  }

  get buffered(): number {
    return this.#socket.bufferedAmount
  }

  end(): void {
    this.#socket.close()
  }

  close(): Promise<void> {
    this.#socket.close()
    return this.closed
  }

  destroy(): void {
    this.#socket.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
