import type { GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import { type Chain, gather, scatter } from '../virtio/chain.ts'
import type { VirtioDevice, VirtioModel } from '../virtio/virtio-device.ts'
import { VirtioPci } from '../virtio/virtio-pci.ts'
import { configLength, diskConfig, queuesOf, writebackOffset } from './disk-config.ts'
import { hasHeaders, headerBytes, type Outcome, outcome, readRequest, type Wish } from './disk-request.ts'
import type { DiskRequest, DiskShape, FromGuest, ToGuest } from './wire.ts'

const feature = {
  segments: 1n << 2n,
  geometry: 1n << 4n,
  readOnly: 1n << 5n,
  blockSize: 1n << 6n,
  scsi: 1n << 7n,
  flush: 1n << 9n,
  topology: 1n << 10n,
  writeback: 1n << 11n,
  queues: 1n << 12n,
  discard: 1n << 13n,
  zero: 1n << 14n,
} as const

const kind = { type: 2, legacyId: 0x1001, classCode: 0x010000, legacyOnly: feature.scsi }
/** A request that has more goes to the disk in several, so that no guest decides how much memory is taken. */
const pieceBytes = 1 << 20
/** How much may be on its way to the disk; what else is available waits in its queue. */
const onTheWayLimit = 16 << 20
const identityBytes = 20

/** A request that the other side has a piece of. */
interface Work {
  readonly chain: Chain
  readonly queue: number
  readonly wish: Extract<Wish, { kind: DiskRequest['operation'] }>
  /** In which life of the device it was asked for. */
  readonly life: number
  /** Bytes that are done, and on their way. */
  done: number
  piece: number
}

export const guest: GuestSide = (surroundings) =>
  new VirtioPci(surroundings, kind, (device) => new VirtioBlk(device, surroundings))

class VirtioBlk implements VirtioModel {
  readonly queues: readonly number[]
  readonly config
  readonly #link: GuestLink
  readonly #properties: GuestSurroundings['properties']
  readonly #works = new Map<number, Work>()
  readonly #device: VirtioDevice
  #shape: DiskShape
  #writeback: boolean
  #nextId = 1
  #life = 0
  #onTheWay = 0
  /** What is on its way for a driver that is gone: until it has come back, nothing that comes after may go. */
  #stale = 0
  #batch: DiskRequest[] = []
  #given: ArrayBuffer[] = []

  constructor(device: VirtioDevice, { link, properties, beginning }: GuestSurroundings) {
    this.#device = device
    this.#link = link
    this.#properties = properties
    this.#shape = (beginning as DiskShape | undefined) ?? { byteLength: 0, readOnly: true, writeback: true }
    this.#writeback = this.#shape.writeback
    this.queues = Array.from({ length: queuesOf(properties) }, () => Number(properties['queue-size']))
    let known: Uint8Array | undefined
    let knownFor: DiskShape | undefined
    this.config = {
      length: configLength,
      read: (offset: number) => {
        if (offset === writebackOffset) return this.#writeback ? 1 : 0
        if (knownFor !== this.#shape) known = diskConfig(this.#shape, properties)
        knownFor = this.#shape
        return known![offset]!
      },
      write: (offset: number, value: number) => {
        if (offset === writebackOffset && this.#device.has(feature.writeback)) this.#setWriteback(value !== 0)
      },
    }
  }

  features(): bigint {
    const { readOnly, writeback } = this.#shape
    const on = (property: string, bit: bigint): bigint => (this.#properties[property] === true ? bit : 0n)
    const caches = writeback || (on('config-wce', 1n) !== 0n && on('x-enable-wce-if-config-wce', 1n) !== 0n)
    return (
      feature.segments |
      feature.geometry |
      feature.blockSize |
      feature.topology |
      (readOnly ? feature.readOnly : 0n) |
      (caches ? feature.flush : 0n) |
      (this.queues.length > 1 ? feature.queues : 0n) |
      on('config-wce', feature.writeback) |
      on('discard', feature.discard) |
      on('write-zeroes', feature.zero)
    )
  }

  receive(message: unknown): void {
    const said = message as ToGuest
    if (said.type === 'resized') {
      this.#shape = { ...this.#shape, byteLength: said.byteLength }
      this.#device.configChanged()
      return
    }
    const touched = new Set<number>()
    for (const { id, failed, data } of said.answers) {
      const work = this.#works.get(id)
      this.#works.delete(id)
      if (work === undefined) continue
      this.#onTheWay -= work.piece
      if (work.life !== this.#life) this.#stale--
      else if (this.#goOn(work, failed, data)) touched.add(work.queue)
    }
    for (const queue of touched) this.#device.queues[queue]!.tell()
    for (const queue of this.queues.keys()) this.#pull(queue)
    this.#send()
  }

  notified(queue: number): void {
    this.#pull(queue)
    this.#send()
  }

  /** A driver that cannot say so itself wants writes to be complete only on stable storage, unless it flushes. */
  started(): void {
    if (!this.#device.has(feature.writeback)) this.#setWriteback(this.#device.has(feature.flush))
  }

  busy(): boolean {
    return this.#works.size > 0
  }

  reset(): void {
    this.#life++
    this.#stale = this.#works.size
    this.#setWriteback(this.#shape.writeback)
  }

  save(): unknown {
    return { writeback: this.#writeback }
  }

  restore(state: unknown): void {
    this.#setWriteback((state as { writeback: boolean }).writeback)
  }

  #setWriteback(writeback: boolean): void {
    if (writeback === this.#writeback) return
    this.#writeback = writeback
    this.#tell({ type: 'writeback', writeback })
  }

  #tell(message: FromGuest, given: readonly ArrayBuffer[] = []): void {
    this.#link.send(message, given)
  }

  /** Takes what is available, as far as there is room. */
  #pull(index: number): void {
    const queue = this.#device.queues[index]!
    let answered = false
    while (this.#stale === 0 && this.#onTheWay < onTheWayLimit) {
      const chain = queue.take()
      if (chain === undefined) break
      if (!hasHeaders(chain)) {
        this.#device.breakDown()
        break
      }
      const { memory } = this.#device
      const wish = readRequest(memory, chain, { ...this.#shape, properties: this.#properties })
      if (wish.kind === 'refused') {
        if (wish.invalid !== undefined) this.#tell({ type: 'invalid', operation: wish.invalid })
        this.#end(chain, index, wish.outcome, 0)
        answered = true
      } else if (wish.kind === 'identify') {
        this.#end(chain, index, outcome.done, this.#identify(chain))
        answered = true
      } else this.#ask({ chain, queue: index, wish, life: this.#life, done: 0, piece: 0 })
    }
    if (answered) queue.tell()
  }

  #identify({ writable, writableBytes }: Chain): number {
    const serial = Buffer.from(`${String(this.#properties['serial'] ?? '')}\0`)
    const room = Math.min(identityBytes, writableBytes - 1)
    return scatter(this.#device.memory, writable, 0, serial.subarray(0, room))
  }

  /** Asks the other side for a request, or its next piece. */
  #ask(work: Work): void {
    const { wish, chain, done } = work
    const id = this.#nextId++
    if (wish.kind === 'read' || wish.kind === 'write') {
      work.piece = Math.min(pieceBytes, wish.length - done)
      const offset = wish.offset + done
      if (wish.kind === 'read') this.#batch.push({ id, operation: 'read', offset, length: work.piece })
      else {
        const data = gather(this.#device.memory, chain.readable, headerBytes + done, work.piece)
        this.#batch.push({ id, operation: 'write', offset, data })
        this.#given.push(data.buffer as ArrayBuffer)
      }
    } else if (wish.kind === 'flush') this.#batch.push({ id, operation: 'flush' })
    else {
      const { kind: operation, ...range } = wish
      this.#batch.push({ id, operation, ...range } as DiskRequest)
    }
    this.#onTheWay += work.piece
    this.#works.set(id, work)
  }

  #send(): void {
    if (this.#batch.length === 0) return
    const [requests, given] = [this.#batch, this.#given]
    this.#batch = []
    this.#given = []
    this.#tell({ type: 'requests', requests }, given)
  }

  /** A piece has been done. @returns whether it was the last one */
  #goOn(work: Work, failed: boolean, data: Uint8Array | undefined): boolean {
    const { wish, chain, queue } = work
    if (failed) {
      this.#end(chain, queue, outcome.failed, 0)
      return true
    }
    if (data !== undefined) scatter(this.#device.memory, chain.writable, work.done, data)
    work.done += work.piece
    if ((wish.kind === 'read' || wish.kind === 'write') && work.done < wish.length) {
      this.#ask(work)
      return false
    }
    this.#end(chain, queue, outcome.done, wish.kind === 'read' ? wish.length : 0)
    return true
  }

  /** Gives a request back, its outcome in its last byte. */
  #end(chain: Chain, queue: number, result: Outcome, written: number): void {
    scatter(this.#device.memory, chain.writable, chain.writableBytes - 1, Uint8Array.of(result))
    this.#device.queues[queue]!.giveQuietly(chain, written + 1)
  }
}
