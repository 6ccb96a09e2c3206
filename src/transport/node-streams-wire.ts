import type { Readable, Writable } from 'node:stream'
import type { DescriptorLink, Wire, WireReceiver } from './wire.ts'

export interface NodeStreamsOptions {
  /** Where bytes come from; without it, nothing ever comes. */
  readonly input?: Readable | undefined
  readonly output: Writable
  /** Lets the two go, without closing what must stay open. */
  readonly release: () => void
}

/** Two one-way streams of Node's that together are one: standard input and output, a pair of pipes. */
export class NodeStreamsWire implements Wire {
  readonly descriptors: DescriptorLink | undefined = undefined
  readonly #options: NodeStreamsOptions
  #state: 'open' | 'gone' = 'open'
  #receiver: WireReceiver | undefined
  #paused = false
  /** What has come nevertheless: Node.js lets the output of a program flow once the program has ended. */
  #held: Buffer[] = []
  #endHeld = false
  #broken: (reason?: Error) => void = () => undefined
  readonly #data = (chunk: Buffer): void => {
    if (this.#holds) this.#held.push(chunk)
    else this.#receiver?.data(chunk)
  }
  readonly #end = (): void => {
    if (this.#holds) this.#endHeld = true
    else this.#receiver?.end()
  }
  readonly #fail = (error: Error): void => this.#break(error)

  constructor(options: NodeStreamsOptions) {
    this.#options = options
    options.input?.on('error', this.#fail)
    options.output.on('error', this.#fail)
  }

  onBroken(broken: (reason?: Error) => void): void {
    this.#broken = broken
  }

  receive(receiver: WireReceiver): void {
    this.#receiver = receiver
    this.#options.input?.on('data', this.#data).on('end', this.#end).resume()
  }

  pause(): void {
    this.#paused = true
    this.#options.input?.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#held.length > 0 || this.#endHeld) process.nextTick(() => this.#deliverHeld())
    else this.#options.input?.resume()
  }

  get #holds(): boolean {
    return this.#paused || this.#held.length > 0
  }

  #deliverHeld(): void {
    while (this.#held.length > 0) {
      if (this.#paused || this.#state === 'gone') return
      this.#receiver?.data(this.#held.shift()!)
    }
    if (this.#paused || this.#state === 'gone') return
    if (this.#endHeld) {
      this.#endHeld = false
      this.#receiver?.end()
    } else this.#options.input?.resume()
  }

  send(bytes: Uint8Array | string, sent: () => void): boolean {
    this.#options.output.write(bytes, (error) => {
      if ((error === undefined || error === null) && this.#state === 'open') sent()
    })
    return false
  }

  end(ended: () => void): void {
    process.nextTick(ended)
  }

  destroy(): void {
    this.#break()
  }

  #break(reason?: Error): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    const { input, output, release } = this.#options
    input?.off('data', this.#data).off('end', this.#end).pause()
    // What has been written may still fail, when nobody cares any more.
    const ignore = (): void => undefined
    input?.off('error', this.#fail).on('error', ignore)
    output.off('error', this.#fail).on('error', ignore)
    release()
    process.nextTick(this.#broken, reason)
  }
}
