import { feature } from './features.ts'
import type { DeviceInspection } from './inspection.ts'
import type { RingMemory } from './ring-memory.ts'
import { type QueueOwner, type QueueState, VirtioQueue } from './virtio-queue.ts'

/** Device status. */
export const status = { driverOk: 0x04, featuresOk: 0x08, needsReset: 0x40 } as const

/** Why a device interrupts: its queues; its configuration. */
export const cause = { queue: 0x01, configuration: 0x02 } as const

/** What a kind of device adds to what all have. */
export interface VirtioModel {
  /** How many descriptors each of its queues can have. */
  readonly queues: readonly number[]
  /** What the driver finds of it: bytes from 0. */
  readonly config: {
    readonly length: number
    read(offset: number): number
    write?(offset: number, value: number): void
  }
  /** What it offers, of its own. */
  features(): bigint
  /** The driver says that there is something in a queue. */
  notified(queue: number): void
  /** The driver is ready. */
  started?(): void
  /** The driver lets go of it, or the machine is reset: what it was asked for is not to be done any more. */
  reset(): void
  /** As of every guest device. */
  receive?(message: unknown): void
  settle?(): void
  busy?(): boolean
  save?(): unknown
  restore?(state: unknown): void
}

interface DeviceState {
  readonly status: number
  /** In hexadecimal digits. */
  readonly driverFeatures: string
  readonly interrupts: number
  readonly generation: number
  readonly broken: boolean
  readonly queues: readonly QueueState[]
  readonly own?: unknown
}

/** How a device reaches its driver. */
export interface VirtioSurroundings {
  readonly memory: RingMemory
  /** What the transport offers. */
  readonly offered: bigint
  /** Asserts the interrupt, or lets go of it. */
  setInterrupt(asserted: boolean): void
}

/**
 * A virtio device without its transport: status, features, queues and interrupts. What a guest does wrong with its rings
 * marks it as broken; then it does nothing until it is reset.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 2
 */
export class VirtioDevice implements QueueOwner {
  readonly memory: RingMemory
  readonly queues: readonly VirtioQueue[]
  readonly model: VirtioModel
  readonly #surroundings: VirtioSurroundings
  #status = 0
  #driverFeatures = 0n
  #interrupts = 0
  #generation = 0
  #broken = false
  #startsWhenNotified = false
  #begun = false
  /** Its function may not reach memory; a driver that sets it up anew begins with that. */
  disabled = false

  constructor(model: (device: VirtioDevice) => VirtioModel, surroundings: VirtioSurroundings) {
    this.#surroundings = surroundings
    this.memory = surroundings.memory
    this.model = model(this)
    this.queues = this.model.queues.map((limit) => new VirtioQueue(limit, this))
  }

  get broken(): boolean {
    return this.#broken
  }

  get status(): number {
    return this.#status
  }

  /** Whether its driver is ready. */
  get started(): boolean {
    return (this.#status & status.driverOk) !== 0 && !this.#broken
  }

  set status(value: number) {
    if (value === 0) {
      this.reset()
      return
    }
    const before = this.#status
    this.#status = value | (before & status.needsReset)
    if (((value ^ before) & status.driverOk) !== 0) this.#begin((value & status.driverOk) !== 0)
    if ((value & ~before & status.driverOk) !== 0) this.model.started?.()
  }

  /** What it offers to the driver. */
  get offered(): bigint {
    return this.#surroundings.offered | this.model.features()
  }

  get driverFeatures(): bigint {
    return this.#driverFeatures
  }

  /** What the driver wants; of what it was not offered it gets nothing, and nothing any more once it has said that this is all. */
  accept(features: bigint): void {
    if ((this.#status & status.featuresOk) === 0) this.#driverFeatures = features & this.offered
    if ((this.#status & status.driverOk) === 0 && !this.has(feature.version1)) this.#startsWhenNotified = true
  }

  /** Whether driver and device have agreed on it. */
  has(bit: bigint): boolean {
    return (this.#driverFeatures & bit) !== 0n
  }

  ringFeatures() {
    return {
      eventIndex: this.has(feature.eventIndex),
      notifyOnEmpty: this.has(feature.notifyOnEmpty) && !this.has(feature.version1),
    }
  }

  get generation(): number {
    return this.#generation
  }

  /** Why it interrupts; reading ends that. */
  takeInterrupts(): number {
    const causes = this.#interrupts
    this.#interrupts = 0
    this.#surroundings.setInterrupt(false)
    return causes
  }

  interrupt(): void {
    this.#raise(cause.queue)
  }

  /** What the driver finds in its configuration is another than before. */
  configChanged(): void {
    this.#generation = (this.#generation + 1) & 0xff
    if ((this.#status & status.driverOk) !== 0) this.#raise(cause.queue | cause.configuration)
  }

  notified(queue: number): void {
    if (this.#broken || this.queues[queue]?.enabled !== true) return
    if (this.#startsWhenNotified) this.#begin(true)
    this.model.notified(queue)
  }

  breakDown(): void {
    if (this.#broken) return
    this.#broken = true
    if (!this.has(feature.version1)) return
    this.#status |= status.needsReset
    this.configChanged()
  }

  reset(): void {
    this.#status = 0
    this.#driverFeatures = 0n
    this.#broken = false
    this.#startsWhenNotified = false
    this.#begun = false
    this.disabled = false
    this.#interrupts = 0
    this.#surroundings.setInterrupt(false)
    for (const queue of this.queues) queue.reset()
    this.model.reset()
  }

  /** How it is, for somebody who looks at it; its transport knows the rest. */
  inspect(): Omit<DeviceInspection, 'type' | 'queueSelect'> {
    return {
      status: this.#status,
      interrupts: this.#interrupts,
      offered: this.offered.toString(16),
      driverFeatures: this.#driverFeatures.toString(16),
      broken: this.#broken,
      disabled: this.disabled,
      started: this.#begun,
      startsWhenNotified: this.#startsWhenNotified,
      queues: this.queues.map((queue) => queue.inspect()),
    }
  }

  save(): unknown {
    return {
      status: this.#status,
      driverFeatures: this.#driverFeatures.toString(16),
      interrupts: this.#interrupts,
      generation: this.#generation,
      broken: this.#broken,
      queues: this.queues.map(({ state }) => state),
      own: this.model.save?.(),
    } satisfies DeviceState
  }

  /** @throws {Error} if there is no sense in it */
  restore(state: unknown): void {
    const { driverFeatures, interrupts, generation, broken, queues, own, ...rest } = state as DeviceState
    this.#status = rest.status
    this.#driverFeatures = BigInt(`0x${driverFeatures}`)
    this.#interrupts = interrupts
    this.#generation = generation
    this.#broken = broken
    this.#begun = (rest.status & status.driverOk) !== 0
    for (const [index, queue] of this.queues.entries()) queue.restore(queues[index]!)
    this.model.restore?.(own)
    this.#surroundings.setInterrupt(interrupts !== 0)
  }

  #begin(begun: boolean): void {
    if (begun) this.#startsWhenNotified = false
    this.#begun = begun
  }

  #raise(causes: number): void {
    this.#interrupts |= causes
    this.#surroundings.setInterrupt(true)
  }
}
