import type { DeviceProperties, GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import { type Card, CardPort } from '../nic/card-port.ts'
import { parseMac } from '../nic/mac-address.ts'
import { type Chain, gather, scatter } from '../virtio/chain.ts'
import { feature } from '../virtio/features.ts'
import type { VirtioDevice, VirtioModel } from '../virtio/virtio-device.ts'
import { VirtioPci } from '../virtio/virtio-pci.ts'
import { control } from './control.ts'
import { netFeature, offeredFeatures } from './features.ts'
import { ReceiveFilter } from './filter.ts'
import { cardConfig } from './net-config.ts'

const kind = { type: 1, legacyId: 0x1000, classCode: 0x020000 }
const queue = { receive: 0, send: 1, control: 2 } as const
const controlQueueSize = 64
/** Before each frame: with, and without the number of buffers that it has been spread over. */
const header = { long: 12, short: 10 } as const
const longestFrame = 0x10000 + 18
/** A command of a driver is at most two tables of addresses. */
const longestCommand = 64 << 10

export const guest: GuestSide = (surroundings) =>
  new VirtioPci(surroundings, kind, (device) => new VirtioNet(device, surroundings))

/**
 * A network card: frames in rings.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.1
 */
class VirtioNet implements VirtioModel, Card {
  readonly queues: readonly number[]
  readonly config
  readonly #device: VirtioDevice
  readonly #port: CardPort
  readonly #filter: ReceiveFilter
  readonly #properties: DeviceProperties
  #announcing = false

  constructor(device: VirtioDevice, { link, properties, beginning }: GuestSurroundings) {
    this.#device = device
    this.#properties = properties
    this.#filter = new ReceiveFilter(
      parseMac(String(properties['mac'])) ?? Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56),
    )
    this.#port = new CardPort(link as GuestLink, this, beginning)
    this.queues = [Number(properties['rx_queue_size']), Number(properties['tx_queue_size']), controlQueueSize]
    this.config = cardConfig(properties, {
      mac: () => this.#filter.mac,
      setMac: (index, byte) => this.#writeMac(index, byte),
      linkUp: () => this.#port.linkUp,
      announcing: () => this.#announcing,
    })
  }

  features(): bigint {
    return offeredFeatures(this.#properties)
  }

  started(): void {
    // A driver that says which VLANs it takes begins with none.
    if (this.#device.has(netFeature.controlVlan)) this.#filter.vlans.fill(0)
    this.#tellFilter(false)
    this.#port.roomForFrames()
  }

  notified(which: number): void {
    if (which === queue.receive) this.#port.roomForFrames()
    else if (which === queue.send) this.#send()
    else if (which === queue.control) this.#control()
  }

  receive(message: unknown): void {
    this.#port.receive(message)
  }

  settle(): void {
    this.#port.settle()
  }

  reset(): void {
    this.#announcing = false
    this.#filter.reset()
    this.#tellFilter(false)
  }

  save(): unknown {
    return { filter: this.#filter.save(), announcing: this.#announcing }
  }

  restore(state: unknown): void {
    const { filter, announcing } = state as { filter: unknown; announcing: boolean }
    this.#filter.restore(filter)
    this.#announcing = announcing
    this.#tellFilter(false)
    this.#port.settle()
  }

  deliver(frame: Uint8Array): boolean {
    if (!this.#device.started || !this.#device.queues[queue.receive]!.enabled) return false
    if (!this.#filter.takes(frame)) return true
    return this.#device.has(netFeature.mergeableBuffers) ? this.#spread(frame) : this.#put(frame)
  }

  delivered(): void {
    this.#device.queues[queue.receive]!.tell()
  }

  roomToSend(): void {
    this.#send()
  }

  linkChanged(): void {
    this.#device.configChanged()
    this.#port.roomForFrames()
  }

  announce(): void {
    if (!this.#device.has(netFeature.guestAnnounce) || !this.#device.has(netFeature.controlQueue)) return
    this.#announcing = true
    this.#device.configChanged()
  }

  get #headerLength(): number {
    const { long, short } = header
    return this.#device.has(netFeature.mergeableBuffers) || this.#device.has(feature.version1) ? long : short
  }

  /** Puts a frame into one buffer; if it is too small, that is the guest's loss. */
  #put(frame: Uint8Array): boolean {
    const receive = this.#device.queues[queue.receive]!
    const chain = receive.take()
    if (chain === undefined) return false
    const length = this.#headerLength
    const bytes = new Uint8Array(length + frame.length)
    if (length === header.long) bytes[header.short] = 1
    bytes.set(frame, length)
    const fits = chain.writableBytes >= bytes.length
    receive.giveQuietly(chain, fits ? scatter(this.#device.memory, chain.writable, 0, bytes) : 0)
    return true
  }

  /** Puts a frame into as many buffers as it needs. */
  #spread(frame: Uint8Array): boolean {
    const { memory, queues } = this.#device
    const receive = queues[queue.receive]!
    const bytes = new Uint8Array(header.long + frame.length)
    bytes.set(frame, header.long)
    const chains: Chain[] = []
    let room = 0
    while (room < bytes.length && chains.length < receive.size) {
      const chain = receive.take()
      if (chain === undefined) break
      chains.push(chain)
      room += chain.writableBytes
    }
    if (room < bytes.length) {
      // None of them has been given back: they are there again when more come.
      receive.putBack(chains.length)
      return this.#device.broken || chains.length >= receive.size
    }
    bytes[header.short] = chains.length & 0xff
    bytes[header.short + 1] = chains.length >> 8
    let from = 0
    for (const chain of chains) {
      const piece = bytes.subarray(from, from + chain.writableBytes)
      receive.giveQuietly(chain, scatter(memory, chain.writable, 0, piece))
      from += piece.length
    }
    return true
  }

  /** Sends what the ring holds, as long as it may. */
  #send(): void {
    const send = this.#device.queues[queue.send]!
    if (!this.#device.started || !send.enabled) return
    let any = false
    while (this.#port.maySend) {
      const chain = send.take()
      if (chain === undefined) break
      const length = chain.readableBytes - this.#headerLength
      if (length < 0) {
        this.#device.breakDown()
        return
      }
      if (length > 0 && length <= longestFrame && this.#port.linkUp)
        this.#port.send(Uint8Array.from(gather(this.#device.memory, chain.readable, this.#headerLength, length)))
      send.giveQuietly(chain, 0)
      any = true
    }
    if (any) send.tell()
  }

  #control(): void {
    const commands = this.#device.queues[queue.control]!
    const { memory } = this.#device
    for (let chain = commands.take(); chain !== undefined; chain = commands.take()) {
      if (chain.readableBytes < 2 || chain.writableBytes < 1) {
        this.#device.breakDown()
        return
      }
      const bytes = gather(memory, chain.readable, 0, Math.min(longestCommand, chain.readableBytes))
      const done = this.#command(bytes)
      commands.giveQuietly(chain, scatter(memory, chain.writable, 0, Uint8Array.of(done ? 0 : 1)))
    }
    commands.tell()
  }

  #command(bytes: Uint8Array): boolean {
    const device = this.#device
    const outcome = control(this.#filter, bytes, {
      receive: device.has(netFeature.controlReceive),
      receiveExtra: device.has(netFeature.controlReceiveExtra),
      vlan: device.has(netFeature.controlVlan),
      mac: device.has(netFeature.controlMac),
    })
    if (outcome.announced === true) {
      const wasAsked = this.#announcing
      this.#announcing = false
      return wasAsked
    }
    if (outcome.filterChanged === true) this.#tellFilter(true)
    return outcome.done
  }

  /** A driver that cannot ask for another address writes it. */
  #writeMac(index: number, byte: number): void {
    if (this.#device.has(netFeature.controlMac) || this.#device.has(feature.version1)) return
    const mac = this.#filter.mac.slice()
    mac[index] = byte
    this.#filter.mac = mac
    this.#tellFilter(false)
  }

  #tellFilter(said: boolean): void {
    this.#port.filterChanged(() => this.#filter.told(this.#device.has(netFeature.controlVlan)), said)
  }
}
