import type { Chain } from './chain.ts'
import { type ElementAnswer, inspectElement, type QueueInspection } from './inspection.ts'
import { RingError, type RingMemory } from './ring-memory.ts'
import { type RingFeatures, type RingState, SplitRing } from './split-ring.ts'

/** A queue's registers, and how far its ring is. */
export interface QueueState {
  readonly size: number
  readonly addresses: readonly [descriptors: number, available: number, used: number]
  readonly enabled: boolean
  readonly ring: RingState | undefined
}

/** What a queue finds of its device. */
export interface QueueOwner {
  readonly memory: RingMemory
  ringFeatures(): RingFeatures
  /** Asks the driver to look at its queues. */
  interrupt(): void
  /** The guest has made what no driver makes. */
  breakDown(): void
  readonly broken: boolean
}

/** A queue of a virtio device: what the driver has said of it, and the ring that it has made. */
export class VirtioQueue {
  /** How many descriptors it can have. */
  readonly limit: number
  size: number
  /** Of the three parts of the ring; the halves are written one after the other. */
  readonly addresses: [descriptors: number, available: number, used: number] = [0, 0, 0]
  readonly #owner: QueueOwner
  #enabled = false
  #ring: SplitRing | undefined

  constructor(limit: number, owner: QueueOwner) {
    this.limit = limit
    this.size = limit
    this.#owner = owner
  }

  get enabled(): boolean {
    return this.#enabled
  }

  /** The driver has made its ring: from here on it is used. */
  enable(): void {
    if (this.#enabled) return
    this.#enabled = true
    this.#guarded(() => {
      this.#ring = this.#ringFrom(undefined)
    }, undefined)
  }

  reset(): void {
    this.#enabled = false
    this.#ring = undefined
    this.size = this.limit
    this.addresses.fill(0)
  }

  /** Whether buffers are available. */
  get waiting(): number {
    return this.#guarded((ring) => ring.waiting, 0)
  }

  /** The next buffer that is available; none while the device is broken. */
  take(): Chain | undefined {
    return this.#guarded((ring) => ring.take(), undefined)
  }

  /** As if the last buffers that were taken had not been: they are the next again. */
  putBack(count: number): void {
    this.#guarded((ring) => ring.putBack(count), undefined)
  }

  /** Gives a buffer back, and tells the driver if it wants to hear. @param written - how many bytes of it have been written */
  give(chain: Pick<Chain, 'head'>, written: number): void {
    this.giveQuietly(chain, written)
    this.tell()
  }

  /** As `give()`; whoever gives more tells once. */
  giveQuietly(chain: Pick<Chain, 'head'>, written: number): void {
    this.#guarded((ring) => ring.give(chain, written), undefined)
  }

  tell(): void {
    if (this.#guarded((ring) => ring.wantsInterrupt(), false)) this.#owner.interrupt()
  }

  /** How it is, for somebody who looks at it. */
  inspect(): QueueInspection {
    const [descriptors, available, used] = this.#enabled ? this.addresses : [0, 0, 0]
    const idle = { next: 0, seen: 0, usedIndex: 0, told: undefined, inUse: 0 }
    return { limit: this.limit, size: this.size, descriptors, available, used, ...(this.#ring?.progress ?? idle) }
  }

  /** A buffer in its ring. As in QEMU, what is available counts as seen then. @param index - of the ring; the next one that is available, if undefined */
  inspectElement(index: number | undefined): ElementAnswer {
    if (this.#ring === undefined) return { refused: 'Region caches not initialized' }
    this.#ring.look()
    const { next, ...place } = this.inspect()
    return inspectElement(this.#owner.memory, place, index ?? next)
  }

  get state(): QueueState {
    return { size: this.size, addresses: [...this.addresses], enabled: this.#enabled, ring: this.#ring?.state }
  }

  /** @throws {RingError} if it lies outside of memory */
  restore({ size, addresses, enabled, ring }: QueueState): void {
    this.size = size
    for (const index of [0, 1, 2] as const) this.addresses[index] = addresses[index]
    this.#enabled = enabled
    this.#ring = ring === undefined ? undefined : this.#ringFrom(ring)
  }

  #ringFrom(state: RingState | undefined): SplitRing {
    const [descriptors, available, used] = this.addresses
    const place = { size: this.size, descriptors, available, used }
    return new SplitRing(this.#owner.memory, place, this.#owner.ringFeatures(), state)
  }

  #guarded<T>(act: (ring: SplitRing) => T, otherwise: T): T {
    if (this.#owner.broken || (this.#ring === undefined && this.#enabled !== true)) return otherwise
    try {
      return act(this.#ring!)
    } catch (error) {
      if (!(error instanceof RingError)) throw error
      this.#owner.breakDown()
      return otherwise
    }
  }
}
