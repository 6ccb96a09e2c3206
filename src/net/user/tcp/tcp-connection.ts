import type { Clock, Timer } from '../clock.ts'
import type { ReassemblyPool } from './reassembly.ts'
import { Receiver, type SavedReceiver } from './receiver.ts'
import { flags, type SackBlock, type TcpHead, type TcpOptions, type TcpSegment } from './segment.ts'
import { type SavedSender, Sender } from './sender.ts'
import { moved, receives, type TcpState, takes } from './tcp-state.ts'

/** Windows that we tell are shifted by it, where both sides may. */
const ourScale = 7
const defaultMss = 536
const smallestMss = 64
/** How long an acknowledgment may wait for company, and how many segments make it due, in milliseconds. */
const acknowledgmentDelay = 40
const segmentsUntilAcknowledgment = 2
/** How long a connection is remembered that both sides have ended, in milliseconds. */
const timeWait = 5000
const mostSackBlocks = 3
/** How often a segment that carries nothing and fits nowhere is answered, in milliseconds: two that disagree never end else. */
const challengePause = 500

/** Who uses a connection: what the guest sends goes there, and from there comes what is sent to it. */
export interface TcpUser {
  /** Bytes that were given and wait there: the guest may send so much less. */
  readonly waiting: number
  /** What the guest has sent, in its order. */
  data(bytes: Buffer): void
  /** The guest has sent all. */
  end(): void
  /** Something of what was written has arrived. */
  drained(): void
  /** It has ended otherwise than by both sides' leave. */
  failed(reason: 'reset' | 'timeout' | 'refused'): void
  /** The guest has accepted it. */
  opened?(): void
}

export interface TcpPath {
  /** Whether frames get through; otherwise `wait` has `pump()` called when they do. */
  readonly clear: boolean
  wait(connection: TcpConnection): void
  /** Sends a segment; `fill` writes its payload. */
  send(head: TcpHead, length: number, fill: (target: Buffer, at: number) => void): void
  /** The connection is no more. */
  closed(connection: TcpConnection): void
}

export interface TcpParts {
  readonly path: TcpPath
  readonly user: TcpUser
  readonly clock: Clock
  readonly pool: ReassemblyPool
  /** What our stream is numbered from. */
  readonly initialSequence: number
  /** The longest payload of a segment that gets through, either way. */
  readonly mss: number
  /** Bytes of the guest's that may wait, at the moment. */
  readonly windowLimit: () => number
}

/** What a connection has to know to go on elsewhere, beside the bytes that have not arrived. */
export interface SavedTcp {
  readonly state: TcpState
  readonly initialSequence: number
  readonly theirInitial: number
  readonly theirScale: number
  readonly scales: boolean
  readonly sacks: boolean
  readonly sender: SavedSender
  readonly receiver: SavedReceiver
}

/** One TCP connection with a guest (RFC 9293), with windows that scale and selective acknowledgments. */
export class TcpConnection {
  readonly #parts: TcpParts
  readonly #sender: Sender
  readonly #receiver: Receiver
  #state: TcpState = 'opening'
  #theirInitial = 0
  #theirScale = 0
  #scales = false
  #sacks = false
  #dueSegments = 0
  #challenged = Number.NEGATIVE_INFINITY
  #acknowledging: Timer | undefined
  #lingering: Timer | undefined

  constructor(parts: TcpParts) {
    this.#parts = parts
    this.#receiver = new Receiver(parts.pool)
    this.#sender = new Sender({
      clock: parts.clock,
      clear: () => parts.path.clear,
      wait: () => parts.path.wait(this),
      transmit: (place, length, more) => this.#transmit(place, length, more),
      gaveUp: () => this.#fail(this.#state === 'syn-sent' ? 'refused' : 'timeout'),
    })
  }

  get state(): TcpState {
    return this.#state
  }

  /** Bytes that were written and have not arrived. */
  get unsent(): number {
    return this.#sender.buffer.length
  }

  /** Bytes that were written and have not arrived. */
  get unsentBytes(): Buffer {
    return this.#sender.buffer.bytes
  }

  /** Forgets the connection, of which nobody hears. @returns what it was */
  leave(): SavedTcp {
    const saved: SavedTcp = {
      state: this.#state,
      initialSequence: this.#parts.initialSequence,
      theirInitial: this.#theirInitial,
      theirScale: this.#theirScale,
      scales: this.#scales,
      sacks: this.#sacks,
      sender: this.#sender.save(),
      receiver: this.#receiver.save(),
    }
    this.#state = 'closed'
    this.#endTimers()
    return saved
  }

  /**
   * Goes on where another one stood that had our initial sequence number. `pump()` sends again what may have been lost.
   *
   * @param unsent - bytes that were written and had not arrived
   */
  restore(saved: SavedTcp, unsent: Uint8Array): void {
    this.#theirInitial = saved.theirInitial
    this.#theirScale = saved.theirScale
    this.#scales = saved.scales
    this.#sacks = saved.sacks
    this.#state = saved.state
    this.#receiver.restore(saved.receiver)
    this.#sender.restore(saved.sender, unsent)
    if (this.#sender.acknowledged === 0) this.#sender.open()
  }

  /** Asks the guest for a connection. */
  connect(): void {
    this.#state = 'syn-sent'
    this.#sender.open()
  }

  /** Accepts the connection that a guest's segment asks for; the other side is there. */
  accept({ sequence, options, window }: TcpSegment): void {
    this.#meet(sequence, options)
    this.#state = 'syn-received'
    this.#sender.open()
    this.#sender.acknowledge({ place: 0, window, sequence: 0, runs: [], pure: false })
  }

  write(bytes: Uint8Array): void {
    if (!takes(this.#state)) return
    this.#sender.buffer.append(bytes)
    this.#sender.pump()
  }

  /** Nothing more is written. */
  end(): void {
    if (!takes(this.#state)) return
    if (this.#state === 'syn-sent') {
      this.abort()
      return
    }
    this.#state = moved(this.#state, 'end-sent')
    this.#sender.end()
  }

  /** Ends it at once: the guest is told. */
  abort(): void {
    if (this.#state === 'closed') return
    if (this.#state !== 'opening' && this.#state !== 'syn-sent') this.#segment(this.#sender.highest, flags.rst)
    this.#close()
  }

  /** What has been given to the user has gone: the guest may send more. */
  windowOpened(): void {
    if (!receives(this.#state)) return
    const window = this.#room()
    const told = this.#receiver.edge - this.#receiver.next
    if (window - told >= Math.min(2 * this.#parts.mss, this.#parts.windowLimit() / 2)) this.#acknowledge()
  }

  /** Frames get through again. */
  pump(): void {
    if (this.#state !== 'closed' && this.#state !== 'opening') this.#sender.pump()
  }

  receive(segment: TcpSegment): void {
    if (this.#state === 'closed' || this.#state === 'opening') return
    if (this.#state === 'syn-sent') this.#answered(segment)
    else this.#arrived(segment)
  }

  #answered(segment: TcpSegment): void {
    const { flags: bits, acknowledgment } = segment
    const place = this.#placeOf(acknowledgment)
    if ((bits & flags.ack) === 0 || place !== 1) {
      if ((bits & (flags.ack | flags.rst)) === flags.ack)
        this.#parts.path.send({ sequence: acknowledgment, acknowledgment: 0, flags: flags.rst, window: 0 }, 0, nothing)
      return
    }
    if (bits & flags.rst) {
      this.#fail('refused')
      return
    }
    if ((bits & flags.syn) === 0) return
    this.#meet(segment.sequence, segment.options)
    this.#state = moved(this.#state, 'opened')
    this.#sender.acknowledge({ place, window: segment.window, sequence: 0, runs: [], pure: false })
    this.#acknowledge()
    this.#parts.user.opened?.()
  }

  #arrived(segment: TcpSegment): void {
    const { flags: bits, payload } = segment
    const receiver = this.#receiver
    const from = receiver.next + ((segment.sequence - this.#theirInitial - receiver.next) | 0)
    if (bits & flags.rst) {
      if (from === receiver.next) this.#fail('reset')
      else if (from > receiver.next && from < receiver.edge) this.#challenge()
      return
    }
    if (bits & flags.syn) {
      // Our answer was lost, or a stranger tries (RFC 5961): both hear where we are.
      if (this.#state === 'syn-received' && from === 0) this.#transmit(0, 0, flags.syn)
      else this.#challenge()
      return
    }
    if ((bits & flags.ack) === 0) return
    const to = from + payload.length
    if (from > receiver.edge || to < receiver.next || (to === receiver.next && from < to)) {
      if (payload.length === 0) this.#challenge()
      else this.#acknowledge()
      // An old segment says yet what has arrived.
      if (from > receiver.edge) return
    }
    if (!this.#acknowledged(segment, from) || this.#isOver()) return
    if (payload.length > 0 || bits & flags.fin) this.#take(from, payload, (bits & flags.fin) !== 0)
  }

  /** @returns whether the segment is to be looked at further */
  #acknowledged(segment: TcpSegment, sequence: number): boolean {
    const place = this.#placeOf(segment.acknowledgment)
    if (place > this.#sender.highest) {
      if (this.#state === 'syn-received') this.#segmentFor(segment.acknowledgment)
      else this.#challenge()
      return false
    }
    if (this.#state === 'syn-received' || this.#sender.acknowledged === 0) {
      if (place < 1) return false
      if (this.#state === 'syn-received') this.#state = moved(this.#state, 'opened')
    }
    const runs = this.#sacks ? (segment.options.sack ?? []).map((block) => this.#runOf(block)) : []
    const pure = segment.payload.length === 0 && (segment.flags & flags.fin) === 0
    const before = this.#sender.acknowledged
    this.#sender.acknowledge({ place, window: segment.window << this.#theirScale, sequence, runs, pure })
    if (this.#sender.acknowledged > before) {
      if (this.#sender.endAcknowledged) this.#endAcknowledged()
      else this.#parts.user.drained()
    }
    return true
  }

  #take(from: number, payload: Buffer, last: boolean): void {
    const receiver = this.#receiver
    if (!receives(this.#state)) {
      this.#acknowledge()
      return
    }
    const before = receiver.next
    const mended = receiver.hasGaps
    for (const bytes of receiver.take(from, payload, last)) this.#parts.user.data(bytes)
    if (this.#isOver()) return
    if (receiver.ended) {
      this.#state = moved(this.#state, 'end-received')
      this.#acknowledge()
      if (this.#state === 'time-wait') this.#linger(timeWait)
      this.#parts.user.end()
      return
    }
    if (receiver.next === before || mended) this.#acknowledge()
    else if (++this.#dueSegments >= segmentsUntilAcknowledgment) this.#acknowledge()
    else this.#acknowledging ??= this.#parts.clock.after(acknowledgmentDelay, () => this.#acknowledge())
  }

  #endAcknowledged(): void {
    if (this.#state !== 'fin-wait-1' && this.#state !== 'closing' && this.#state !== 'last-ack') return
    const next = moved(this.#state, 'end-acknowledged')
    if (next === 'closed') {
      this.#close()
      return
    }
    this.#state = next
    if (next === 'time-wait') this.#linger(timeWait)
  }

  /** What the guest's SYN says. */
  #meet(sequence: number, { mss, windowScale, sackPermitted }: TcpOptions): void {
    this.#theirInitial = sequence
    this.#sender.limit(Math.min(this.#parts.mss, Math.max(smallestMss, mss ?? defaultMss)))
    this.#theirScale = windowScale ?? 0
    this.#scales = windowScale !== undefined
    this.#sacks = sackPermitted === true
  }

  #transmit(place: number, length: number, more: number): void {
    const isSyn = (more & flags.syn) !== 0
    const head = this.#head(place, more, isSyn ? this.#openingOptions() : undefined)
    this.#parts.path.send(head, length, (target, at) => this.#sender.buffer.copy(place, length, target, at))
  }

  #openingOptions(): TcpOptions {
    const asks = this.#state === 'syn-sent'
    return {
      mss: this.#parts.mss,
      windowScale: asks || this.#scales ? ourScale : undefined,
      sackPermitted: asks || this.#sacks,
    }
  }

  #acknowledge(): void {
    const runs = this.#sacks && this.#receiver.hasGaps ? this.#receiver.runs(mostSackBlocks) : []
    const options = runs.length === 0 ? undefined : { sack: runs.map((run) => this.#blockOf(run)) }
    this.#parts.path.send(this.#head(this.#sender.highest, 0, options), 0, nothing)
  }

  /** Says where we are to who seems to be elsewhere. */
  #challenge(): void {
    const now = this.#parts.clock.now()
    if (now - this.#challenged < challengePause) return
    this.#challenged = now
    this.#acknowledge()
  }

  #segment(place: number, bits: number): void {
    this.#parts.path.send(this.#head(place, bits, undefined), 0, nothing)
  }

  #segmentFor(acknowledgment: number): void {
    this.#parts.path.send({ sequence: acknowledgment, acknowledgment: 0, flags: flags.rst, window: 0 }, 0, nothing)
  }

  /** Every segment acknowledges what has arrived, but our first when we ask. */
  #head(place: number, bits: number, options: TcpOptions | undefined): TcpHead {
    this.#acknowledging?.cancel()
    this.#acknowledging = undefined
    this.#dueSegments = 0
    const asks = this.#state === 'syn-sent'
    const scale = this.#scales && (bits & flags.syn) === 0 ? ourScale : 0
    const told = Math.min(0xffff, Math.floor(this.#room() / 2 ** scale))
    if (!asks) this.#receiver.promise(told * 2 ** scale)
    return {
      sequence: (this.#parts.initialSequence + place) >>> 0,
      acknowledgment: asks ? 0 : (this.#theirInitial + this.#receiver.next) >>> 0,
      flags: bits | (asks ? 0 : flags.ack),
      window: told,
      ...(options === undefined ? {} : { options }),
    }
  }

  #room(): number {
    return this.#receiver.room(this.#parts.windowLimit(), this.#parts.user.waiting)
  }

  /** The place in our stream that a number on the wire means: the one that is nearest to what has arrived. */
  #placeOf(wire: number): number {
    const near = this.#sender.acknowledged
    return near + ((wire - this.#parts.initialSequence - near) | 0)
  }

  #runOf([from, to]: SackBlock): [number, number] {
    return [this.#placeOf(from), this.#placeOf(to)]
  }

  #blockOf([from, to]: readonly [number, number]): SackBlock {
    return [(this.#theirInitial + from) >>> 0, (this.#theirInitial + to) >>> 0]
  }

  #linger(milliseconds: number): void {
    this.#lingering?.cancel()
    this.#lingering = this.#parts.clock.after(milliseconds, () => this.#close())
  }

  #isOver(): boolean {
    return this.#state === 'closed'
  }

  #fail(reason: 'reset' | 'timeout' | 'refused'): void {
    if (reason === 'timeout') this.#segment(this.#sender.highest, flags.rst)
    this.#close()
    this.#parts.user.failed(reason)
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#endTimers()
    this.#parts.path.closed(this)
  }

  #endTimers(): void {
    this.#sender.close()
    this.#receiver.close()
    this.#acknowledging?.cancel()
    this.#lingering?.cancel()
  }
}

function nothing(): void {}
