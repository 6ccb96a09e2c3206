import type { DescriptorLink, Wire } from '../transport/index.ts'

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

  constructor(store: ByteStore) {
    this.#store = store
  }

  onBroken(broken: (reason?: Error) => void): void {
    this.#broken = broken
  }

  receive(): void {}
  pause(): void {}
  resume(): void {}

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
    process.nextTick(this.#broken, reason)
  }
}
