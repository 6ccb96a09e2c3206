import type { BusTimer, GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import { scatter } from '../virtio/chain.ts'
import type { VirtioDevice, VirtioModel } from '../virtio/virtio-device.ts'
import { VirtioPci } from '../virtio/virtio-pci.ts'
import type { Given, Wanted } from './wire.ts'

const kind = { type: 4, legacyId: 0x1005, classCode: 0x00ff00 }
/** A guest that wants more at once gets it bit by bit. */
const pieceBytes = 4096

export const guest: GuestSide = (surroundings) =>
  new VirtioPci(surroundings, kind, (device) => new VirtioRng(device, surroundings))

/**
 * A source of random bytes: fills what is made available, as fast as its quota lets it.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.4
 */
class VirtioRng implements VirtioModel {
  readonly queues = [8]
  readonly config = { length: 0, read: () => 0 }
  readonly #device: VirtioDevice
  readonly #link: GuestLink
  readonly #timer: BusTimer
  readonly #quota: number
  readonly #period: number
  #left: number
  /** How many bytes have been asked for; 0 if none are on their way. */
  #asked = 0
  #life = 0
  #askedIn = 0

  constructor(device: VirtioDevice, { bus, link, properties }: GuestSurroundings) {
    this.#device = device
    this.#link = link
    this.#quota = Number(properties['max-bytes'])
    this.#period = Number(properties['period'])
    this.#left = this.#quota
    this.#timer = bus.timer(() => this.#refill())
  }

  features(): bigint {
    return 0n
  }

  notified(): void {
    this.#ask()
  }

  started(): void {
    this.#ask()
  }

  receive(message: unknown): void {
    const { bytes } = message as Given
    this.#asked = 0
    if (this.#askedIn === this.#life) this.#fill(bytes)
    if (bytes.length > 0) this.#ask()
  }

  busy(): boolean {
    return this.#asked > 0
  }

  reset(): void {
    this.#life++
    this.#timer.arm(undefined)
    this.#left = this.#quota
  }

  save(): unknown {
    return { left: this.#left, timer: this.#timer.left ?? null }
  }

  restore(state: unknown): void {
    const { left, timer } = state as { left: number; timer: number | null }
    this.#left = left
    this.#timer.arm(timer ?? undefined)
  }

  #refill(): void {
    this.#left = this.#quota
    this.#ask()
  }

  #ask(): void {
    if (this.#asked > 0 || !this.#device.started || this.#device.queues[0]!.waiting === 0) return
    if (this.#left < this.#quota && this.#timer.left === undefined) this.#timer.arm(this.#period)
    if (this.#left === 0) return
    this.#asked = Math.min(pieceBytes, this.#left)
    this.#askedIn = this.#life
    this.#link.send({ count: this.#asked } satisfies Wanted)
  }

  #fill(bytes: Uint8Array): void {
    const queue = this.#device.queues[0]!
    let used = 0
    while (used < bytes.length) {
      const chain = queue.take()
      if (chain === undefined) break
      const written = scatter(this.#device.memory, chain.writable, 0, bytes.subarray(used))
      used += written
      queue.giveQuietly(chain, written)
      if (written === 0) break // it has room for nothing
    }
    this.#left = Math.max(0, this.#left - used)
    if (this.#left < this.#quota && this.#timer.left === undefined) this.#timer.arm(this.#period)
    queue.tell()
  }
}
