import { closeSync } from 'node:fs'
import { deferred } from '../async/index.ts'
import { clearTimeout, setImmediate, setTimeout } from '../timers/index.ts'
import type { Address, Duplex, DuplexSink } from './duplex.ts'
import { highWaterMark, SendQueue, sizeOf } from './send-queue.ts'
import { TransportError } from './transport-error.ts'
import { type DescriptorLink, maxDescriptors, type Wire } from './wire.ts'

/** The receiving side: `discarding` is a stream that closes and only clears the line, `over` the peer's end. */
type Receiving = 'idle' | 'flowing' | 'paused' | 'discarding' | 'over'

/** The sending side: `ending` still sends what is queued, `over` has told the peer. */
type Sending = 'open' | 'ending' | 'over'

/** How long to wait when a socket takes no descriptors because it is full: the system tells nobody when it no longer is. */
const retryMilliseconds = 5

/** How long a stream that has said all it had to say reads on, unless its peer ends before. */
const lingerMilliseconds = 200

export interface WireDuplexOptions {
  readonly kind: Duplex['kind']
  readonly local?: Address | undefined
  readonly remote?: Address | undefined
  /** What is written by one call goes alone: a record of TLS each, for peers that look at the socket between two. */
  readonly apart?: boolean
}

/** The `Duplex` over any wire: it gathers what is written, keeps the order, and knows when both sides are done. */
export class WireDuplex implements Duplex {
  readonly kind: Duplex['kind']
  readonly local: Address | undefined
  readonly remote: Address | undefined
  readonly #wire: Wire
  readonly #queue: SendQueue
  readonly #closed = deferred()
  #receiving: Receiving = 'idle'
  #sending: Sending = 'open'
  #sink: DuplexSink | undefined
  #reason: Error | undefined
  /** Bytes that the wire is sending. */
  #inFlight = 0
  #flushAwaited = false
  #drainAwaited = false
  #retry: NodeJS.Timeout | undefined
  #lingering: NodeJS.Timeout | undefined

  constructor(wire: Wire, { kind, local, remote, apart = false }: WireDuplexOptions) {
    this.#queue = new SendQueue({ apart })
    this.kind = kind
    this.local = local
    this.remote = remote
    this.#wire = wire
    wire.onBroken((reason) => this.#broken(reason))
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  get passesDescriptors(): boolean {
    return this.#wire.descriptors !== undefined
  }

  get buffered(): number {
    return this.#queue.size + this.#inFlight
  }

  start(sink: DuplexSink): void {
    if (this.#sink !== undefined) throw new Error('this stream has a sink already')
    this.#sink = sink
    if (this.#receiving !== 'idle') return
    this.#receiving = 'flowing'
    this.#receive()
  }

  pause(): void {
    if (this.#receiving !== 'flowing') return
    this.#receiving = 'paused'
    this.#wire.pause()
  }

  resume(): void {
    if (this.#receiving !== 'paused') return
    this.#receiving = 'flowing'
    this.#wire.resume()
  }

  write(data: Uint8Array | string, descriptors: readonly number[] = []): boolean {
    if (this.#sending !== 'open') return false
    if (descriptors.length > 0) this.#queue.push(data, this.#duplicates(data, descriptors))
    else this.#queue.push(data)
    this.#flushSoon()
    if (this.buffered < highWaterMark) return true
    this.#drainAwaited = true
    return false
  }

  end(): void {
    if (this.#sending !== 'open') return
    this.#sending = 'ending'
    this.#flushSoon()
  }

  close(): Promise<void> {
    const before = this.#receiving
    this.end()
    if (before === 'over') return this.closed
    this.#receiving = 'discarding'
    if (before === 'idle') this.#receive()
    else if (before === 'paused') this.#wire.resume()
    if (this.#sending === 'over') this.#destroySoon()
    return this.closed
  }

  destroy(reason?: Error): void {
    this.#reason ??= reason
    this.#stop()
    this.#wire.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #duplicates(data: Uint8Array | string, descriptors: readonly number[]): number[] {
    if (data.length === 0) throw new RangeError('descriptors need at least one byte to go with')
    if (descriptors.length > maxDescriptors)
      throw new RangeError(`at most ${maxDescriptors} descriptors go with one write`)
    const link = this.#descriptorLink()
    const copies: number[] = []
    try {
      for (const descriptor of descriptors) copies.push(link.duplicate(descriptor))
    } catch (error) {
      closeAll(copies)
      throw error
    }
    return copies
  }

  #descriptorLink(): DescriptorLink {
    const link = this.#wire.descriptors
    if (link !== undefined) return link
    throw new TransportError('unsupported', `Descriptors cannot be passed over this ${this.kind} stream`)
  }

  #receive(): void {
    this.#wire.receive({
      data: (chunk, descriptors) => this.#deliver(chunk, descriptors),
      end: () => this.#peerEnded(),
    })
  }

  #deliver(chunk: Uint8Array, descriptors: readonly number[] | undefined): void {
    if (this.#sink === undefined || this.#receiving !== 'flowing') {
      closeAll(descriptors ?? [])
      return
    }
    // What the sink writes meanwhile goes out together, and without waiting for the tick to end.
    this.#flushAwaited = true
    try {
      if (descriptors === undefined) this.#sink.data(chunk)
      else if (this.#sink.takesDescriptors === true) this.#sink.data(chunk, descriptors)
      else {
        closeAll(descriptors)
        this.#sink.data(chunk)
      }
    } finally {
      this.#flush()
    }
  }

  #peerEnded(): void {
    const discarding = this.#receiving === 'discarding'
    this.#receiving = 'over'
    if (this.#sending === 'over') this.#wire.destroy()
    if (!discarding) this.#sink?.end?.()
  }

  #flushSoon(): void {
    if (this.#flushAwaited) return
    this.#flushAwaited = true
    process.nextTick(() => this.#flush())
  }

  #flush(): void {
    this.#flushAwaited = false
    while (this.#inFlight === 0 && this.#retry === undefined) {
      if (this.#queue.empty) {
        if (this.#sending === 'ending') this.#endSending()
        return
      }
      if (this.#queue.nextDescriptors.length === 0) {
        const { bytes } = this.#queue.take()
        this.#inFlight = sizeOf(bytes)
        if (this.#wire.send(bytes, this.#sent)) {
          this.#inFlight = 0
          this.#announceRoom()
        }
      } else if (!this.#sendDescriptors()) return
    }
  }

  /** Sends the parcel that carries descriptors, as far as it goes; false if it has to wait. */
  #sendDescriptors(): boolean {
    const { bytes, descriptors } = this.#queue.take()
    const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    let count: number
    try {
      count = this.#descriptorLink().send(data, descriptors)
    } catch (error) {
      this.#queue.putBack({ bytes: data, descriptors })
      this.destroy(error as Error)
      return false
    }
    if (count === 0) {
      this.#queue.putBack({ bytes: data, descriptors })
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.#flush()
      }, retryMilliseconds)
      return false
    }
    closeAll(descriptors)
    if (count < data.length) this.#queue.putBack({ bytes: data.subarray(count), descriptors: [] })
    this.#announceRoom()
    return true
  }

  readonly #sent = (): void => {
    this.#inFlight = 0
    this.#flush()
    this.#announceRoom()
  }

  #announceRoom(): void {
    if (!this.#drainAwaited || this.buffered >= highWaterMark || this.#sending !== 'open') return
    this.#drainAwaited = false
    this.#sink?.drain?.()
  }

  #endSending(): void {
    this.#sending = 'over'
    this.#wire.end(() => {
      if (this.#receiving === 'over') this.#wire.destroy()
      else if (this.#receiving === 'discarding') this.#destroySoon()
    })
  }

  /**
   * A peer that finds its bytes unread sees a reset instead of the end, and over TCP loses what is still on its way to it:
   * what has arrived gets a turn to be read, what comes over TCP some time.
   */
  #destroySoon(): void {
    if (this.kind === 'inet') this.#lingering = setTimeout(() => this.#wire.destroy(), lingerMilliseconds)
    else setImmediate(() => this.#wire.destroy())
  }

  #stop(): void {
    this.#sending = 'over'
    this.#receiving = 'over'
    clearTimeout(this.#retry)
    clearTimeout(this.#lingering)
    closeAll(this.#queue.clear())
    this.#inFlight = 0
  }

  #broken(reason: Error | undefined): void {
    this.#reason ??= reason
    this.#stop()
    if (this.#reason === undefined) this.#sink?.closed?.()
    else this.#sink?.closed?.(this.#reason)
    this.#closed.resolve()
  }
}

function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor)
}
