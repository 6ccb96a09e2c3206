import { type Deferred, deferred } from '../async/index.ts'
import type { Duplex, DuplexSink } from '../transport/index.ts'

/** What a front end's stream asks of the device that it shares. */
export interface MuxLink {
  /** Sends bytes; false while the device's own buffer is full. */
  send(bytes: Uint8Array): boolean
  /** The front end can take more, or can not. */
  flow(open: boolean): void
  readonly buffered: number
}

/**
 * What a front end of a shared device has for a connection. Bytes go through it at once, so that those before a switch
 * of the focus are there before it.
 */
export class MuxStream implements Duplex {
  readonly kind = 'memory'
  readonly local = undefined
  readonly remote = undefined
  readonly passesDescriptors = false
  readonly #link: MuxLink
  readonly #closed: Deferred<void> = deferred()
  #sink: DuplexSink | undefined
  /** What came before the front end listened, or while it paused. */
  #waiting: Uint8Array[] = []
  #state: 'flowing' | 'paused' | 'closed' = 'paused'

  constructor(link: MuxLink) {
    this.#link = link
  }

  get buffered(): number {
    return this.#link.buffered
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  start(sink: DuplexSink): void {
    this.#sink = sink
    this.resume()
  }

  pause(): void {
    if (this.#state === 'flowing') this.#state = 'paused'
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'flowing'
    while (this.#isFlowing() && this.#waiting.length > 0) this.#sink?.data(this.#waiting.shift()!)
    if (this.#isFlowing()) this.#link.flow(true)
  }

  write(data: Uint8Array | string): boolean {
    if (this.#state === 'closed') return false
    return this.#link.send(typeof data === 'string' ? Buffer.from(data) : data)
  }

  /** Nothing ends: the device is still the others'. */
  end(): void {}

  close(): Promise<void> {
    this.destroy()
    return this.#closed.promise
  }

  destroy(reason?: Error): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#waiting = []
    this.#sink?.closed?.(reason)
    this.#closed.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Bytes from the device. */
  deliver(bytes: Uint8Array): void {
    if (this.#state === 'flowing') this.#sink?.data(bytes)
    else if (this.#state === 'paused') {
      this.#waiting.push(bytes)
      this.#link.flow(false)
    }
  }

  /** The device's buffer has room again. */
  drained(): void {
    if (this.#state !== 'closed') this.#sink?.drain?.()
  }

  /** Asked anew each time: what takes bytes may pause or close. */
  #isFlowing(): boolean {
    return this.#state === 'flowing'
  }
}
