import type { GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import { type Chain, gather, scatter } from '../virtio/chain.ts'
import type { VirtioDevice, VirtioModel } from '../virtio/virtio-device.ts'
import { VirtioPci } from '../virtio/virtio-pci.ts'
import { Controls } from './controls.ts'
import { ScsiEvents } from './scsi-events.ts'
import { readScsiRequest, response, responseBytes, type ScsiRequest } from './scsi-request.ts'
import type { FromScsi, NumberedAnswer, NumberedCommand, ScsiEvent, ToScsi, UnitPlace } from './wire.ts'

const feature = { hotplug: 1n << 1n, change: 1n << 2n } as const
const kind = { type: 8, legacyId: 0x1004, classCode: 0x010000 }
const queue = { control: 0, events: 1, requests: 2 } as const
const byNumber = 0xffff_ffff
/** In the configuration: how long a reason and a command are, which the driver may change. */
const at = { sense: 20, cdb: 24, length: 36 } as const
const usual = { sense: 96, cdb: 32 } as const
const most = { sense: 0xffff, cdb: 255, target: 255, lun: 16383 } as const
/** How much data may be on its way; what else is available waits in its queue. */
const onTheWayLimit = 16 << 20
/** More than that no command moves; what is behind it is not looked at. */
const mostBytes = (32 << 20) + 1

interface Work {
  readonly chain: Chain
  readonly queue: number
  readonly request: ScsiRequest
  readonly bytes: number
  readonly life: number
}

export const guest: GuestSide = (surroundings) =>
  new VirtioPci(surroundings, kind, (device) => new VirtioScsi(device, surroundings))

/**
 * A controller of SCSI units.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.6
 */
class VirtioScsi implements VirtioModel {
  readonly queues: readonly number[]
  readonly config = {
    length: at.length,
    read: (offset: number) => this.#config[offset]!,
    write: (offset: number, value: number) => {
      if (offset >= at.sense && offset < at.cdb + 4) this.#config[offset] = value
    },
  }
  readonly #device: VirtioDevice
  readonly #link: GuestLink
  readonly #features: bigint
  readonly #config = new Uint8Array(at.length)
  readonly #view = new DataView(this.#config.buffer)
  readonly #events: ScsiEvents
  readonly #controls: Controls
  readonly #works = new Map<number, Work>()
  #nextId = 1
  #life = 0
  #onTheWay = 0
  /** What is on its way for a driver that is gone: until it has come back, nothing that comes after may go. */
  #stale = 0
  #batch: NumberedCommand[] = []
  #given: ArrayBuffer[] = []

  constructor(device: VirtioDevice, { link, properties }: GuestSurroundings) {
    this.#device = device
    this.#link = link
    const size = Number(properties['virtqueue_size'])
    const count = properties['num_queues'] === byNumber ? 1 : Number(properties['num_queues'])
    this.queues = Array.from({ length: queue.requests + count }, () => size)
    this.#features =
      (properties['hotplug'] === true ? feature.hotplug : 0n) |
      (properties['param_change'] === true ? feature.change : 0n)
    const segments = properties['seg_max_adjust'] === true ? size - 2 : 126
    const words = [count, segments, Number(properties['max_sectors']), Number(properties['cmd_per_lun']), 16]
    for (const [index, word] of words.entries()) this.#view.setUint32(4 * index, word, true)
    this.#view.setUint16(30, most.target, true)
    this.#view.setUint32(32, most.lun, true)
    this.#setSizes()
    const { memory } = device
    this.#events = new ScsiEvents({ memory, queue: () => device.queues[queue.events]! })
    this.#controls = new Controls({
      memory,
      queue: () => device.queues[queue.control]!,
      atWork: (place) => this.#isAtWork(place),
    })
  }

  features(): bigint {
    return this.#features
  }

  receive(message: unknown): void {
    const said = message as ToScsi
    if (said.type === 'event') {
      this.#tellOf(said.event)
      return
    }
    const touched = new Set<number>()
    for (const answer of said.answers) {
      const work = this.#works.get(answer.id)
      this.#works.delete(answer.id)
      if (work === undefined) continue
      this.#onTheWay -= work.bytes
      if (work.life !== this.#life) this.#stale--
      else {
        this.#end(work, answer)
        touched.add(work.queue)
      }
    }
    for (const which of touched) this.#device.queues[which]!.tell()
    this.#controls.go()
    for (let which: number = queue.requests; which < this.queues.length; which++) this.#pull(which)
    this.#send()
  }

  notified(which: number): void {
    if (which === queue.control) {
      if (!this.#controls.take()) this.#device.breakDown()
    } else if (which === queue.events) this.#events.flush()
    else {
      this.#pull(which)
      this.#send()
    }
  }

  busy(): boolean {
    return this.#works.size > 0
  }

  reset(): void {
    this.#life++
    this.#stale = this.#works.size
    this.#controls.reset()
    this.#events.reset()
    this.#setSizes()
    this.#link.send({ type: 'reset' } satisfies FromScsi)
  }

  save(): unknown {
    return { config: [...this.#config.subarray(at.sense, at.cdb + 4)], events: this.#events.save() }
  }

  restore(state: unknown): void {
    const { config, events } = state as { config: number[]; events: readonly ScsiEvent[] }
    this.#config.set(config, at.sense)
    this.#events.restore(events)
  }

  #setSizes(): void {
    this.#view.setUint32(at.sense, usual.sense, true)
    this.#view.setUint32(at.cdb, usual.cdb, true)
  }

  #tellOf(event: ScsiEvent): void {
    if (!this.#device.started) return // it looks for itself when it begins
    if (this.#device.has(event.kind === 'changed' ? feature.change : feature.hotplug)) this.#events.tell(event)
  }

  #isAtWork({ target, lun }: UnitPlace): boolean {
    for (const { request, life } of this.#works.values())
      if (life === this.#life && request.target === target && request.lun === lun) return true
    return false
  }

  /** Takes what is available, as far as there is room. */
  #pull(which: number): void {
    const requests = this.#device.queues[which]!
    const [cdb, sense] = [this.#view.getUint32(at.cdb, true), this.#view.getUint32(at.sense, true)]
    if (cdb > most.cdb || sense > most.sense) {
      this.#device.breakDown()
      return
    }
    let answered = false
    while (this.#stale === 0 && this.#onTheWay < onTheWayLimit) {
      const chain = requests.take()
      if (chain === undefined) break
      const request = readScsiRequest(this.#device.memory, chain, { cdb, sense })
      if (request === undefined) {
        this.#device.breakDown()
        break
      }
      if (request.reachable) this.#ask(chain, which, request)
      else {
        this.#respond({ chain, queue: which, request }, { response: response.badTarget, status: 0 })
        answered = true
      }
    }
    if (answered) requests.tell()
  }

  #ask(chain: Chain, which: number, request: ScsiRequest): void {
    const { target, lun, cdb, outOffset, inOffset } = request
    const out = gather(
      this.#device.memory,
      chain.readable,
      outOffset,
      Math.min(chain.readableBytes - outOffset, mostBytes),
    )
    const room = Math.min(chain.writableBytes - inOffset, mostBytes)
    const id = this.#nextId++
    const bytes = out.length + room
    this.#works.set(id, { chain, queue: which, request, bytes, life: this.#life })
    this.#onTheWay += bytes
    this.#batch.push({ id, target, lun, cdb, out, room })
    if (out.byteLength === out.buffer.byteLength && out.length > 0) this.#given.push(out.buffer as ArrayBuffer)
  }

  #send(): void {
    if (this.#batch.length === 0) return
    const [commands, given] = [this.#batch, this.#given]
    this.#batch = []
    this.#given = []
    this.#link.send({ type: 'commands', commands } satisfies FromScsi, given)
  }

  #end(work: Work, answer: NumberedAnswer): void {
    if ('missing' in answer) this.#respond(work, { response: response.badTarget, status: 0 })
    else {
      const { status, sense, data, overrun } = answer
      this.#respond(work, { response: overrun === true ? response.overrun : response.ok, status, sense, data })
    }
  }

  #respond(
    { chain, queue: which, request: { inOffset } }: Pick<Work, 'chain' | 'queue' | 'request'>,
    said: {
      readonly response: number
      readonly status: number
      readonly sense?: Uint8Array | undefined
      readonly data?: Uint8Array | undefined
    },
  ): void {
    const { memory } = this.#device
    const sense = (said.sense ?? new Uint8Array(0)).subarray(0, inOffset - responseBytes)
    const head = new Uint8Array(inOffset)
    const view = new DataView(head.buffer)
    const room = chain.writableBytes - inOffset
    const moved = said.data === undefined ? 0 : scatter(memory, chain.writable, inOffset, said.data.subarray(0, room))
    view.setUint32(0, sense.length, true)
    view.setUint32(4, said.data === undefined ? 0 : Math.min(room - moved, 0xffff_ffff), true)
    head[10] = said.status
    head[11] = said.response
    head.set(sense, responseBytes)
    scatter(memory, chain.writable, 0, head)
    this.#device.queues[which]!.giveQuietly(chain, inOffset + moved)
  }
}
