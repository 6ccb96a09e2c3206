import type { Readable } from 'node:stream'
import type { DescriptorLink, Wire, WireReceiver } from '../transport/index.ts'

/** Where a device that only swallows puts what it gets. */
export interface ByteStore {
  /** Takes bytes; calls `taken` once they are, at once or later, with what went wrong if they could not be. */
  put(bytes: Uint8Array, taken: (error?: Error | null) => void): void
  /** Lets go what the store holds open. */
  release?(): void
}

/** A wire from which nothing comes, and into which everything goes: a file, a ring of bytes, nothing at all. */
export class SinkWire implements Wire {
  readonly descriptors: DescriptorLink | undefined = undefined
  readonly #store: ByteStore
  #state: 'open' | 'gone' = 'open'
  #broken: (reason?: Error) => void = () => undefined

  readonly #input: Readable | undefined

  /** @param input - where bytes come from all the same, not flowing yet */
  constructor(store: ByteStore, input?: Readable) {
    this.#store = store
    this.#input = input
    input?.on('error', (error) => this.#break(error))
  }

  onBroken(broken: (reason?: Error) => void): void {
    this.#broken = broken
  }

  receive(receiver: WireReceiver): void {
    // That a file has been read to its end says nothing of who writes.
    this.#input?.on('data', (chunk: Buffer) => receiver.data(chunk)).resume()
  }

  pause(): void {
    this.#input?.pause()
  }

  resume(): void {
    this.#input?.resume()
  }

  send(bytes: Uint8Array | string, sent: () => void): boolean {
    this.#store.put(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, (error) => {
      if (this.#state === 'gone') return
      if (error === undefined || error === null) process.nextTick(sent)
      else this.#break(error)
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
    this.#store.release?.()
    this.#input?.destroy()
    process.nextTick(this.#broken, reason)
  }
}
