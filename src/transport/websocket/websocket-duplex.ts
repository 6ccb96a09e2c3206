import { deferred } from '../../async/index.ts'
import type { Address, Duplex, DuplexSink } from '../duplex.ts'
import { binaryFrame, closeFrame, FrameReader, pongFrame, WebsocketError } from './websocket-frames.ts'
import { longestRequest, upgradeOf } from './websocket-upgrade.ts'

/** A stream of bytes inside a WebSocket, which the client has yet to ask for: what is written before that waits. */
export class WebsocketDuplex implements Duplex {
  readonly passesDescriptors = false
  readonly #inner: Duplex
  readonly #frames = new FrameReader()
  #sink: DuplexSink | undefined
  /** The request as far as it has come; undefined when it has been answered. */
  #request: Buffer | undefined = Buffer.alloc(0)
  #waiting: Uint8Array[] = []
  #begun = false
  readonly #opened = deferred<boolean>()
  /** What came behind the request, before anybody was there to read it. */
  #early: Uint8Array[] = []

  constructor(inner: Duplex) {
    this.#inner = inner
  }

  get kind(): Duplex['kind'] {
    return this.#inner.kind
  }

  get local(): Address | undefined {
    return this.#inner.local
  }

  get remote(): Address | undefined {
    return this.#inner.remote
  }

  get buffered(): number {
    return this.#inner.buffered + this.#waiting.reduce((sum, { length }) => sum + length, 0)
  }

  get closed(): Promise<void> {
    return this.#inner.closed
  }

  /**
   * Waits for the client to ask. What it says then is kept until `start()`.
   *
   * @returns whether it has asked for a WebSocket; if not, the stream is closing
   */
  opened(): Promise<boolean> {
    this.#begin()
    return this.#opened.promise
  }

  start(sink: DuplexSink): void {
    this.#sink = sink
    this.#begin()
    const early = this.#early.splice(0)
    if (early.length > 0) process.nextTick(() => this.#unwrap(Buffer.concat(early)))
    this.#inner.resume()
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#inner.start({
      data: (chunk) => this.#receive(chunk),
      drain: () => this.#sink?.drain?.(),
      end: () => this.#sink?.end?.(),
      closed: (reason) => {
        this.#opened.resolve(false)
        this.#sink?.closed?.(reason)
      },
    })
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  write(data: Uint8Array | string): boolean {
    const frame = binaryFrame(typeof data === 'string' ? Buffer.from(data) : data)
    if (this.#request === undefined) return this.#inner.write(frame)
    this.#waiting.push(frame)
    return true
  }

  end(): void {
    if (this.#request === undefined) this.#inner.write(closeFrame)
    this.#inner.end()
  }

  close(): Promise<void> {
    if (this.#request === undefined) this.#inner.write(closeFrame)
    return this.#inner.close()
  }

  destroy(reason?: Error): void {
    this.#inner.destroy(reason)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #receive(chunk: Uint8Array): void {
    if (this.#request === undefined && this.#sink === undefined) {
      if (chunk.length > 0) this.#early.push(chunk)
      this.#inner.pause()
    } else if (this.#request === undefined) this.#unwrap(chunk)
    else this.#negotiate(Buffer.concat([this.#request, chunk]))
  }

  #negotiate(request: Buffer): void {
    const end = request.indexOf('\r\n\r\n')
    if (end < 0 && request.length <= longestRequest) {
      this.#request = request
      return
    }
    const { accepted, response } = upgradeOf(request.toString('latin1', 0, Math.max(end, 0)))
    this.#inner.write(response)
    if (!accepted) {
      this.#waiting = []
      this.#request = Buffer.alloc(0)
      this.#opened.resolve(false)
      this.#sink?.end?.()
      void this.#inner.close()
      return
    }
    this.#request = undefined
    this.#opened.resolve(true)
    for (const frame of this.#waiting.splice(0)) this.#inner.write(frame)
    this.#receive(request.subarray(end + 4))
  }

  #unwrap(chunk: Uint8Array): void {
    try {
      for (const event of this.#frames.read(chunk)) {
        if (event.type === 'data') this.#sink?.data(event.bytes)
        else if (event.type === 'ping') this.#inner.write(pongFrame(event.bytes))
        else this.#sink?.end?.()
      }
    } catch (error) {
      if (!(error instanceof WebsocketError)) throw error
      this.#inner.destroy(error)
    }
  }
}
