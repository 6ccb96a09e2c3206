import { type Chain, readChain } from './chain.ts'
import { isInside, RingError, type RingMemory, readWord16, writeWord16 } from './ring-memory.ts'

/** Where a driver has put the three parts of a ring: descriptors, what is available, what is used. */
export interface RingPlace {
  /** A power of two on all but broken guests. */
  readonly size: number
  readonly descriptors: number
  readonly available: number
  readonly used: number
}

/** What driver and device have agreed on that concerns rings. */
export interface RingFeatures {
  /** Each side says at which of the other's indexes it wants to hear. */
  readonly eventIndex: boolean
  /** An interrupt is asserted whenever nothing is left, whatever the driver says (before virtio 1.0). */
  readonly notifyOnEmpty: boolean
}

/** How far a ring is; everything else is in the guest's memory. */
export interface RingState {
  /** The next one of what is available. */
  readonly next: number
  /** Where the next one that has been used goes. */
  readonly used: number
  /** Up to where the driver has been told; undefined if it has not been. */
  readonly told: number | undefined
  /** How many the device has taken and not given back. */
  readonly inUse: number
}

/** Available: the driver wants no interrupts. Used: the device wants no notifications. */
const quiet = 1
/** In front of the indexes of a ring: flags and the index. */
const headerBytes = 4

/**
 * A split virtqueue: the device's end of it. Everything in it belongs to the guest, which may write what it likes.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 2.7
 */
export class SplitRing {
  readonly #memory: RingMemory
  readonly #place: RingPlace
  readonly #features: RingFeatures
  #next: number
  #used: number
  #told: number | undefined
  #inUse: number
  /** The driver's index, as it was last seen. */
  #seen: number

  /** @throws {RingError} if it does not lie in memory */
  constructor(memory: RingMemory, place: RingPlace, features: RingFeatures, state?: RingState) {
    const { size, descriptors, available, used } = place
    const there =
      isInside(memory, descriptors, 16 * size) &&
      isInside(memory, available, headerBytes + 2 * size + 2) &&
      isInside(memory, used, headerBytes + 8 * size + 2)
    if (!there) throw new RingError('a ring outside of memory')
    this.#memory = memory
    this.#place = place
    this.#features = features
    const { next = 0, used: index = 0, told, inUse = 0 } = state ?? {}
    this.#next = next
    this.#used = index
    this.#told = told
    this.#inUse = inUse
    this.#seen = state === undefined ? 0 : readWord16(memory, available + 2)
  }

  /** For somebody who looks at it. */
  get progress() {
    return { next: this.#next, seen: this.#seen, usedIndex: this.#used, told: this.#told, inUse: this.#inUse }
  }

  get state(): RingState {
    return { next: this.#next, used: this.#used, told: this.#told, inUse: this.#inUse }
  }

  /** How many the device has taken and not given back. */
  get inUse(): number {
    return this.#inUse
  }

  /** How many are available. @throws {RingError} if the driver says that more are than there can be */
  get waiting(): number {
    const { size } = this.#place
    const waiting = (this.look() - this.#next) & 0xffff
    if (waiting > size) throw new RingError('more is available than there is')
    return waiting
  }

  /** Reads the driver's index, and remembers that it was seen. */
  look(): number {
    this.#seen = readWord16(this.#memory, this.#place.available + 2)
    return this.#seen
  }

  /** Takes the next one that is available. @throws {RingError} if no driver would have made it so */
  take(): Chain | undefined {
    const { size, descriptors, available, used } = this.#place
    if (this.waiting === 0) {
      // From here on the driver is to tell.
      if (this.#features.eventIndex) writeWord16(this.#memory, used + headerBytes + 8 * size, this.#next)
      if (this.waiting === 0) return undefined
    }
    const head = readWord16(this.#memory, available + headerBytes + 2 * (this.#next % size))
    if (head >= size) throw new RingError('a descriptor outside of its table')
    const chain = readChain(this.#memory, descriptors, size, head)
    this.#next = (this.#next + 1) & 0xffff
    this.#inUse++
    if (this.#features.eventIndex) writeWord16(this.#memory, used + headerBytes + 8 * size, this.#next)
    return chain
  }

  /** As if the last ones that were taken had not been: they are the next again. */
  putBack(count: number): void {
    this.#next = (this.#next - count) & 0xffff
    this.#inUse -= count
  }

  /** Gives one back. @param written - how many bytes of it the device has written */
  give({ head }: Pick<Chain, 'head'>, written: number): void {
    const { size, used } = this.#place
    const element = new Uint8Array(8)
    const view = new DataView(element.buffer)
    view.setUint32(0, head, true)
    view.setUint32(4, written, true)
    this.#memory.write(used + headerBytes + 8 * (this.#used % size), element)
    this.#used = (this.#used + 1) & 0xffff
    writeWord16(this.#memory, used + 2, this.#used)
    this.#inUse--
  }

  /** Whether the driver is to be interrupted for what has been given back since this was last asked. */
  wantsInterrupt(): boolean {
    const { size, available } = this.#place
    if (this.#features.notifyOnEmpty && this.#inUse === 0 && this.#isEmpty) return true
    if (!this.#features.eventIndex) return (readWord16(this.#memory, available) & quiet) === 0
    const told = this.#told
    this.#told = this.#used
    if (told === undefined) return true
    const event = readWord16(this.#memory, available + headerBytes + 2 * size)
    return ((this.#used - event - 1) & 0xffff) < ((this.#used - told) & 0xffff)
  }

  get #isEmpty(): boolean {
    return readWord16(this.#memory, this.#place.available + 2) === this.#next
  }
}
