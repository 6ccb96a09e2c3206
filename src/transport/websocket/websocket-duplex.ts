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
  /** What else has happened before that. */
  #ended = false
  #gone: { readonly reason: Error | undefined } | undefined
  /** The inner stream has no room: only the last ping is answered, as soon as it has (RFC 6455, 5.5.3). */
  #full = false
  #owedPong: Uint8Array | undefined

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
   * Waits for the client to ask. What it says then is kept until `start()`, and that it has left.
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
    process.nextTick(() => this.#tellPast(sink))
    this.#inner.resume()
  }

  /** Tells what has happened before there was a sink. */
  #tellPast(sink: DuplexSink): void {
    const early = this.#early.splice(0)
    if (early.length > 0) this.#unwrap(Buffer.concat(early))
    if (this.#ended) sink.end?.()
    if (this.#gone !== undefined) sink.closed?.(this.#gone.reason)
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#inner.start({
      data: (chunk) => this.#receive(chunk),
      drain: () => this.#drained(),
      end: () => this.#peerEnded(),
      closed: (reason) => {
        this.#opened.resolve(false)
        if (this.#sink === undefined) this.#gone = { reason }
        else this.#sink.closed?.(reason)
      },
    })
  }

  /** Who leaves before the request is whole will not get an answer. */
  #peerEnded(): void {
    if (this.#sink === undefined) this.#ended = true
    else this.#sink.end?.()
    if (this.#request === undefined) return
    this.#opened.resolve(false)
    void this.#inner.close()
  }

  #drained(): void {
    this.#full = false
    const owed = this.#owedPong
    this.#owedPong = undefined
    if (owed !== undefined) this.#send(owed)
    this.#sink?.drain?.()
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  write(data: Uint8Array | string): boolean {
    const frame = binaryFrame(typeof data === 'string' ? Buffer.from(data) : data)
    if (this.#request === undefined) return this.#send(frame)
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

  #send(frame: Uint8Array): boolean {
    const room = this.#inner.write(frame)
    if (!room) this.#full = true
    return room
  }

  #pong(frame: Uint8Array): void {
    if (this.#full) this.#owedPong = frame
    else this.#send(frame)
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
    for (const frame of this.#waiting.splice(0)) this.#send(frame)
    this.#receive(request.subarray(end + 4))
  }

  #unwrap(chunk: Uint8Array): void {
    try {
      for (const event of this.#frames.read(chunk)) {
        if (event.type === 'data') this.#sink?.data(event.bytes)
        else if (event.type === 'ping') this.#pong(pongFrame(event.bytes))
        else this.#sink?.end?.()
      }
    } catch (error) {
      if (!(error instanceof WebsocketError)) throw error
      this.#inner.destroy(error)
    }
  }
}
