import { type Chain, gather, scatter } from '../virtio/chain.ts'
import type { RingMemory } from '../virtio/ring-memory.ts'
import type { VirtioQueue } from '../virtio/virtio-queue.ts'
import type { FromSerial, PortShape } from './wire.ts'

/** Bytes of a port that may be on their way to the host; what else the guest sends waits in its queue. */
const onTheWayLimit = 64 << 10
/** A buffer that has more is sent in several pieces. */
const pieceBytes = 32 << 10

interface Surroundings {
  readonly memory: RingMemory
  /** For what the guest is to read, and what it writes. */
  input(): VirtioQueue
  output(): VirtioQueue
  send(message: FromSerial, given?: readonly ArrayBuffer[]): void
}

export interface PortState {
  readonly number: number
  readonly guestOpen: boolean
  /** Bytes that the guest has not taken yet. */
  readonly unread: readonly number[]
  /** The buffer of the guest's that is sent piece by piece. */
  readonly sending: Sending | null
}

type Sending = Pick<Chain, 'head' | 'readable' | 'readableBytes'> & { readonly offset: number }

/** A port as the guest has it: holds back what one side sends until the other one takes it. */
export class GuestPort {
  readonly shape: PortShape
  readonly #surroundings: Surroundings
  #hostOpen: boolean
  #guestOpen = false
  #unread: Uint8Array = new Uint8Array(0)
  #onTheWay = 0
  #sending: Sending | undefined

  constructor(shape: PortShape, surroundings: Surroundings) {
    this.shape = shape
    this.#surroundings = surroundings
    this.#hostOpen = shape.open
  }

  get hostOpen(): boolean {
    return this.#hostOpen
  }

  /** What somebody has sent who is gone, and nobody has listened to, is lost. */
  setHostOpen(open: boolean): void {
    this.#hostOpen = open
    if (!open && !this.#guestOpen && this.#unread.length > 0) {
      this.#unread = new Uint8Array(0)
      this.#tellTaken()
    }
    this.take()
  }

  setGuestOpen(open: boolean): void {
    if (open === this.#guestOpen) return
    this.#guestOpen = open
    this.#surroundings.send({ type: 'opened', port: this.shape.number, open })
    if (open) this.give()
  }

  /** A driver that knows nothing of opening has it open. */
  assumeOpen(): void {
    this.#guestOpen = true
    this.give()
  }

  reset(): void {
    this.#sending = undefined
    this.setGuestOpen(false)
  }

  /** Bytes for the guest. */
  receive(bytes: Uint8Array): void {
    this.#unread = bytes
    this.give()
  }

  /** So many bytes that the guest has sent are through. */
  through(count: number): void {
    this.#onTheWay -= count
    this.take()
  }

  /** Gives the guest what there is for it, as far as it has room. */
  give(): void {
    if (!this.#guestOpen || this.#unread.length === 0) return
    const { memory, input } = this.#surroundings
    const room = input()
    let any = false
    while (this.#unread.length > 0) {
      const chain = room.take()
      if (chain === undefined) break
      const written = scatter(memory, chain.writable, 0, this.#unread)
      this.#unread = this.#unread.subarray(written)
      room.giveQuietly(chain, written)
      any = true
    }
    if (any) room.tell()
    if (this.#unread.length === 0) this.#tellTaken()
  }

  /** Takes what the guest sends, as far as the host keeps up; while nobody is there it is lost. */
  take(): void {
    const { output } = this.#surroundings
    const sent = output()
    let any = false
    while (this.#onTheWay < onTheWayLimit) {
      const chain = this.#sending ?? sent.take()
      if (chain === undefined) break
      this.#sending = this.#hostOpen ? this.#pass({ offset: 0, ...chain }) : undefined
      if (this.#sending !== undefined) continue
      sent.giveQuietly(chain, 0)
      any = true
    }
    if (any) sent.tell()
  }

  /** Nobody is behind it any more: what waits in its queue is given back. */
  discard(): void {
    this.#hostOpen = false
    this.#onTheWay = 0
    this.take()
  }

  save(): PortState {
    const { number } = this.shape
    return { number, guestOpen: this.#guestOpen, unread: [...this.#unread], sending: this.#sending ?? null }
  }

  restore({ guestOpen, unread, sending }: PortState): void {
    this.#sending = sending ?? undefined
    this.#unread = Uint8Array.from(unread)
    this.setGuestOpen(guestOpen)
  }

  /** Sends the next piece of a buffer. @returns what is left of it */
  #pass({ offset, ...chain }: Sending): Sending | undefined {
    const { memory, send } = this.#surroundings
    const bytes = gather(memory, chain.readable, offset, Math.min(pieceBytes, chain.readableBytes - offset))
    const { length } = bytes // it is the other side's once it has been sent
    this.#onTheWay += length
    if (length > 0) send({ type: 'sent', port: this.shape.number, bytes }, [bytes.buffer as ArrayBuffer])
    return offset + length < chain.readableBytes && length > 0 ? { ...chain, offset: offset + length } : undefined
  }

  #tellTaken(): void {
    this.#surroundings.send({ type: 'taken', port: this.shape.number })
  }
}
