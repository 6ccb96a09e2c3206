import type { GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import { type Chain, gather, scatter } from '../virtio/chain.ts'
import type { VirtioDevice, VirtioModel } from '../virtio/virtio-device.ts'
import { VirtioPci } from '../virtio/virtio-pci.ts'
import type { FromFolder, ToFolder } from './wire.ts'

const kind = { type: 9, legacyId: 0x1009, classCode: 0x000200 }
const queueSize = 128
const mountTag = 1n
/** What every message begins with. */
const headBytes = 7
/** What is longer is no message: the other side would not take it. */
const mostBytes = (1 << 20) + 64
/** How many bytes messages on their way may have, with their answers; what else is available waits in its queue. */
const onTheWayLimit = 16 << 20

export const guest: GuestSide = (surroundings) =>
  new VirtioPci(surroundings, kind, (device) => new VirtioFolder(device, surroundings))

/**
 * A folder of the host's, by messages of 9P: this side carries them.
 *
 * @see https://github.com/virtiofs/virtio-9p-spec, and Linux's net/9p/trans_virtio.c
 */
class VirtioFolder implements VirtioModel {
  readonly queues = [queueSize]
  readonly config
  readonly #device: VirtioDevice
  readonly #link: GuestLink
  readonly #tag: string
  /** Messages that are being answered. */
  readonly #asked = new Map<number, { readonly chain: Chain; readonly bytes: number }>()
  #onTheWay = 0
  /** Messages on their way of a driver that is gone: until they have come back, nothing that comes after may go. */
  #stale = 0
  #next = 0
  /** Whether the other side has been asked for anything since it was last told to forget all. */
  #remembered = false
  #inUse = false

  constructor(device: VirtioDevice, { link, properties }: GuestSurroundings) {
    this.#device = device
    this.#link = link
    this.#tag = String(properties['mount_tag'])
    const tag = Buffer.from(this.#tag)
    const bytes = Buffer.concat([Buffer.from([tag.length, 0]), tag])
    this.config = { length: bytes.length, read: (offset: number) => bytes[offset]! }
  }

  features(): bigint {
    return mountTag
  }

  notified(): void {
    const queue = this.#device.queues[0]!
    while (this.#stale === 0 && this.#onTheWay < onTheWayLimit) {
      const chain = queue.take()
      if (chain === undefined) return
      if (chain.readableBytes < headBytes || chain.writableBytes < headBytes) {
        this.#device.breakDown()
        return
      }
      const message = gather(this.#device.memory, chain.readable, 0, Math.min(chain.readableBytes, mostBytes))
      const id = this.#next++
      const bytes = message.length + Math.min(chain.writableBytes, mostBytes)
      this.#onTheWay += bytes
      this.#remembered = true
      this.#asked.set(id, { chain, bytes })
      this.#link.send({ type: 'asked', id, message } satisfies FromFolder, [message.buffer as ArrayBuffer])
    }
  }

  receive(message: unknown): void {
    const { id, answer, inUse } = message as ToFolder
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    this.#asked.delete(id)
    this.#onTheWay -= asked.bytes
    if (this.#stale > 0) this.#stale--
    else {
      this.#inUse = inUse
      this.#give(asked.chain, answer)
    }
    this.notified()
  }

  busy(): boolean {
    return this.#asked.size > 0
  }

  reset(): void {
    this.#stale = this.#asked.size
    this.#inUse = false
    if (!this.#remembered) return
    this.#remembered = false
    this.#link.send({ type: 'reset' } satisfies FromFolder)
  }

  /** @throws {Error} while the guest has the folder mounted: what it names is in no state */
  save(): unknown {
    if (this.#inUse) throw new Error(`the shared folder '${this.#tag}' is mounted in the guest`)
    return {}
  }

  /** In the state that comes, nothing is mounted. */
  restore(): void {
    this.reset()
  }

  #give(chain: Chain, answer: Uint8Array): void {
    if (answer.length < headBytes || answer.length > chain.writableBytes) this.#device.breakDown()
    else this.#device.queues[0]!.give(chain, scatter(this.#device.memory, chain.writable, 0, answer))
  }
}
