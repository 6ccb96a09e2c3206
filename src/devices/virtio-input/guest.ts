import type { GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import { type Chain, gather, scatter } from '../virtio/chain.ts'
import type { VirtioDevice, VirtioModel } from '../virtio/virtio-device.ts'
import { VirtioPci } from '../virtio/virtio-pci.ts'
import type { VirtioQueue } from '../virtio/virtio-queue.ts'
import { kind, lamps } from './event-codes.ts'
import { InputConfig, type InputSort } from './input-config.ts'
import type { FromInput, Report } from './wire.ts'

const virtioType = 18
const classCodes: Readonly<Record<InputSort, number>> = { keyboard: 0x090000, mouse: 0x090200, tablet: 0x098000 }
const queueSize = 64
const queue = { events: 0, status: 1 } as const
const eventBytes = 8

/** Lamps that the driver has said something of, and which of them are lit, as bits. */
interface Lamps {
  readonly said: number
  readonly lit: number
}

const noLamps: Lamps = { said: 0, lit: 0 }

const sideOf =
  (sort: InputSort): GuestSide =>
  (surroundings) =>
    new VirtioPci(
      surroundings,
      { type: virtioType, classCode: classCodes[sort] },
      (device) => new VirtioInput(device, sort, surroundings),
    )

export const keyboard = sideOf('keyboard')
export const mouse = sideOf('mouse')
export const tablet = sideOf('tablet')

/**
 * A device that people do something to: gives the guest what happened, and hears which of its lamps are to be lit.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.8
 */
class VirtioInput implements VirtioModel {
  readonly queues = [queueSize, queueSize]
  readonly config: InputConfig
  readonly #device: VirtioDevice
  readonly #link: GuestLink
  #active = false
  #lamps = noLamps
  /** What the other side has been told of them. */
  #told = noLamps

  constructor(device: VirtioDevice, sort: InputSort, { link, properties }: GuestSurroundings) {
    this.#device = device
    this.#link = link
    this.config = new InputConfig(sort, properties)
  }

  features(): bigint {
    return 0n
  }

  notified(which: number): void {
    if (which === queue.status) this.#takeStatus(this.#device.queues[which]!)
  }

  started(): void {
    this.#setActive(true)
  }

  receive(message: unknown): void {
    if (this.#device.started) this.#give(this.#device.queues[queue.events]!, message as Report)
  }

  /** However often a driver has changed its lamps: the other side hears of it once. */
  settle(): void {
    const { said, lit } = this.#lamps
    if (said === this.#told.said && lit === this.#told.lit) return
    this.#told = this.#lamps
    this.#tell({ type: 'lamps', said, lit })
  }

  reset(): void {
    this.config.asked.fill(0)
    this.#lamps = noLamps
    this.#told = noLamps
    this.#setActive(false)
  }

  save(): unknown {
    return { asked: [...this.config.asked] }
  }

  restore(state: unknown): void {
    const { asked } = state as { asked: [number, number] }
    for (const index of [0, 1] as const) this.config.asked[index] = asked[index]
    this.#active = this.#device.started
    this.#lamps = noLamps
    this.#told = noLamps
    this.#tell({ type: 'active', active: this.#active })
  }

  /** All of a report, or nothing of it, if the driver has too little room. */
  #give(events: VirtioQueue, { events: report }: Report): void {
    const rooms: Chain[] = []
    while (rooms.length < report.length) {
      const room = events.take()
      if (room === undefined) {
        events.putBack(rooms.length)
        return
      }
      rooms.push(room)
    }
    for (const [index, [type, code, value]] of report.entries()) {
      const chain = rooms[index]!
      const bytes = new Uint8Array(eventBytes)
      const view = new DataView(bytes.buffer)
      view.setUint16(0, type, true)
      view.setUint16(2, code, true)
      view.setInt32(4, value, true)
      events.giveQuietly(chain, scatter(this.#device.memory, chain.writable, 0, bytes))
    }
    events.tell()
  }

  #takeStatus(status: VirtioQueue): void {
    for (let chain = status.take(); chain !== undefined; chain = status.take()) {
      const bytes = new Uint8Array(eventBytes)
      bytes.set(gather(this.#device.memory, chain.readable, 0, eventBytes))
      const view = new DataView(bytes.buffer)
      if (view.getUint16(0, true) === kind.lamp)
        this.#switchLamp(lamps.get(view.getUint16(2, true)) ?? 0, view.getInt32(4, true) !== 0)
      status.giveQuietly(chain, Math.min(eventBytes, chain.readableBytes))
    }
    status.tell()
  }

  #switchLamp(bit: number, on: boolean): void {
    const { said, lit } = this.#lamps
    this.#lamps = { said: said | bit, lit: on ? lit | bit : lit & ~bit }
  }

  #setActive(active: boolean): void {
    if (this.#active === active) return
    this.#active = active
    this.#tell({ type: 'active', active })
  }

  #tell(message: FromInput): void {
    this.#link.send(message)
  }
}
