import type { Clock, Timer } from '../clock.ts'
import { Congestion } from './congestion.ts'
import { RoundTrip } from './round-trip.ts'
import { Scoreboard } from './scoreboard.ts'
import { flags } from './segment.ts'
import { SendBuffer } from './send-buffer.ts'

/** How often the same is sent without an answer before a connection is given up. */
const mostAttempts = 12
const mostOpeningAttempts = 6
const longestProbePause = 30_000
const duplicatesOfLoss = 3

export interface SenderParts {
  readonly clock: Clock
  /** Whether frames get through; `wait()` has `pump()` called when they do again. */
  readonly clear: () => boolean
  readonly wait: () => void
  /** Sends bytes from a place on, with these flags beside ACK. */
  readonly transmit: (place: number, length: number, flags: number) => void
  /** Nothing has come back for long. */
  readonly gaveUp: () => void
}

/** What a sender has to know to go on. */
export interface SavedSender {
  readonly acknowledged: number
  readonly highest: number
  /** Behind the last byte that it was given. */
  readonly bufferEnd: number
  /** Nothing more will be given. */
  readonly ends: boolean
  readonly window: number
  readonly windowSaidAt: number
  readonly windowSaidFor: number
  /** The longest payload that the other side takes. */
  readonly mss: number
}

export interface Acknowledgment {
  /** The place that the other side waits for. */
  readonly place: number
  /** How much it takes from there on. */
  readonly window: number
  /** Where the segment that says so stands in its stream: an older one says nothing of the window. */
  readonly sequence: number
  /** Runs that it has behind that place. */
  readonly runs: readonly (readonly [number, number])[]
  /** It carries nothing else. */
  readonly pure: boolean
}

/**
 * The half of a connection that sends: places in the stream count from the SYN, which is 0; the FIN is one place behind
 * the last byte. Sends again what is lost, never more than the other side takes.
 */
export class Sender {
  readonly buffer = new SendBuffer()
  readonly #parts: SenderParts
  readonly #roundTrip = new RoundTrip()
  readonly #board = new Scoreboard()
  #congestion = new Congestion(536)
  #mss = 536
  /** The first place that is not acknowledged; the next one to be sent; behind the last that ever was. */
  #acknowledged = 0
  #next = 0
  #highest = 0
  #end: number | undefined
  #window = 0
  #largestWindow = 0
  #windowSaidAt = 0
  #windowSaidFor = 0
  #duplicates = 0
  /** What is being mended has been sent again up to here. */
  #mended = 0
  #attempts = 0
  #timed: { readonly place: number; readonly at: number } | undefined
  #timer: Timer | undefined
  #probes = 0

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  /** The first place that is not acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Behind the last place that was sent. */
  get highest(): number {
    return this.#highest
  }

  get endAcknowledged(): boolean {
    return this.#end !== undefined && this.#acknowledged > this.#end
  }

  /** Sends the SYN. */
  open(): void {
    this.#parts.transmit(0, 0, flags.syn)
    this.#next = 1
    this.#highest = 1
    this.#timed = { place: 1, at: this.#parts.clock.now() }
    this.#armRetransmission()
  }

  /** The other side has said how long its segments may be. */
  limit(mss: number): void {
    this.#mss = mss
    this.#congestion = new Congestion(mss)
  }

  save(): SavedSender {
    return {
      acknowledged: this.#acknowledged,
      highest: this.#highest,
      bufferEnd: this.buffer.end,
      ends: this.#end !== undefined,
      window: this.#window,
      windowSaidAt: this.#windowSaidAt,
      windowSaidFor: this.#windowSaidFor,
      mss: this.#mss,
    }
  }

  /** Goes on where another one stood: what was on its way then is sent again by `pump()`. @param bytes - unacknowledged */
  restore(saved: SavedSender, bytes: Uint8Array): void {
    this.buffer.restore(bytes, saved.bufferEnd)
    this.#acknowledged = this.#next = saved.acknowledged
    this.#highest = saved.highest
    if (saved.ends) this.#end = saved.bufferEnd
    this.#window = this.#largestWindow = saved.window
    this.#windowSaidAt = saved.windowSaidAt
    this.#windowSaidFor = saved.windowSaidFor
    this.limit(saved.mss)
  }

  /** Nothing more is given: the FIN follows. */
  end(): void {
    this.#end ??= this.buffer.end
    this.pump()
  }

  /** Takes note of what the other side has and takes, then sends what may be sent. */
  acknowledge(acknowledgment: Acknowledgment): void {
    const { place, window, sequence, runs, pure } = acknowledgment
    let news = false
    for (const [from, to] of runs) if (from > place && to <= this.#highest) news = this.#board.add(from, to) || news
    const sameWindow = window === this.#window
    this.#noteWindow(place, window, sequence)
    if (place > this.#acknowledged) this.#progress(place)
    else if (place === this.#acknowledged && this.#highest > place && pure && (sameWindow || news)) this.#duplicate()
    this.pump()
  }

  /** Sends what may be sent. */
  pump(): void {
    if (this.#acknowledged === 0) return
    for (;;) {
      const run = this.#nextRun()
      if (run === undefined) break
      if (!this.#parts.clear()) {
        this.#parts.wait()
        break
      }
      this.#send(run.from, run.length, run.last)
    }
    if (this.#highest > this.#acknowledged) {
      if (this.#timer === undefined) this.#armRetransmission()
    } else if (this.#window === 0 && this.#total > this.#acknowledged) this.#armProbe()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Behind all that is to be sent. */
  get #total(): number {
    return this.#end === undefined ? this.buffer.end : this.#end + 1
  }

  #nextRun(): { readonly from: number; readonly length: number; readonly last: boolean } | undefined {
    const [from, gapEnd] = this.#board.gap(this.#next)
    this.#next = from
    const allowed = this.#acknowledged + Math.min(this.#window, this.#congestion.window) - from
    const there = this.buffer.end - from
    if (there < 0) return undefined // the FIN has been sent
    const length = Math.min(there, allowed, this.#mss, gapEnd - from)
    if (length < 0) return undefined
    const last = this.#end === from + length && this.#window > 0
    if (length === 0 && !last) return undefined
    // A small piece of what could be more is not worth a segment while others are on their way (RFC 9293, 3.8.6.2.1).
    const whole = length === this.#mss || length === there || length === gapEnd - from
    if (!whole && from > this.#acknowledged && length < this.#largestWindow / 2) return undefined
    return { from, length, last }
  }

  #send(from: number, length: number, last: boolean): void {
    const to = from + length + (last ? 1 : 0)
    const again = from < this.#highest
    const pushed = length > 0 && from + length === this.buffer.end ? flags.psh : 0
    this.#parts.transmit(from, length, pushed | (last ? flags.fin : 0))
    if (again) {
      if (this.#timed !== undefined && this.#timed.place > from) this.#timed = undefined
    } else this.#timed ??= { place: to, at: this.#parts.clock.now() }
    this.#next = Math.max(this.#next, to)
    this.#highest = Math.max(this.#highest, to)
  }

  #noteWindow(place: number, window: number, sequence: number): void {
    if (sequence < this.#windowSaidAt || (sequence === this.#windowSaidAt && place < this.#windowSaidFor)) return
    this.#windowSaidAt = sequence
    this.#windowSaidFor = place
    if (window > 0 && this.#window === 0) {
      this.#probes = 0
      // What was probed with is sent as any other byte.
      this.#next = Math.min(this.#next, Math.max(this.#acknowledged, place))
      this.#cancelTimer()
    }
    this.#window = window
    this.#largestWindow = Math.max(this.#largestWindow, window)
  }

  #progress(place: number): void {
    const bytes = place - this.#acknowledged
    const inUse = this.#highest - this.#acknowledged >= this.#congestion.window - 2 * this.#mss
    this.#acknowledged = place
    this.#next = Math.max(this.#next, place)
    this.buffer.release(place)
    this.#board.release(place)
    if (this.#timed !== undefined && place >= this.#timed.place) {
      this.#roundTrip.measured(this.#parts.clock.now() - this.#timed.at)
      this.#timed = undefined
    }
    this.#roundTrip.progressed()
    this.#attempts = 0
    this.#probes = 0
    this.#duplicates = 0
    if (this.#congestion.acknowledged(place, bytes, inUse)) this.#mend()
    this.#cancelTimer()
    if (this.#highest > place) this.#armRetransmission()
  }

  #duplicate(): void {
    this.#duplicates++
    if (this.#congestion.recovering) {
      this.#congestion.arrivedBehind()
      if (!this.#board.empty) this.#mend()
      return
    }
    if (this.#duplicates < duplicatesOfLoss) return
    this.#congestion.lost(this.#highest - this.#acknowledged, this.#highest)
    this.#mended = this.#acknowledged
    this.#mend()
  }

  /** Sends the next segment again that seems to be lost. */
  #mend(): void {
    const [from, gapEnd] = this.#board.gap(Math.max(this.#acknowledged, this.#mended))
    // Behind what is known to be there, nothing is known to be lost; only the first place is, for sure.
    const limit = this.#board.empty ? this.#acknowledged + this.#mss : this.#board.highest
    if (from >= limit || from >= this.#highest) return
    if (!this.#parts.clear()) {
      this.#parts.wait()
      return
    }
    const length = Math.max(0, Math.min(gapEnd - from, this.#mss, this.buffer.end - from))
    const last = this.#end === from + length
    if (length === 0 && !last) return
    this.#send(from, length, last)
    this.#mended = from + length
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #armRetransmission(): void {
    this.#timer = this.#parts.clock.after(this.#roundTrip.timeout, () => {
      this.#timer = undefined
      this.#expired()
    })
  }

  #expired(): void {
    // While the guest takes no frames, silence says nothing.
    if (this.#parts.clear()) {
      const opening = this.#acknowledged === 0
      if (++this.#attempts > (opening ? mostOpeningAttempts : mostAttempts)) {
        this.#parts.gaveUp()
        return
      }
      this.#roundTrip.expired()
      this.#timed = undefined
      if (opening) this.#parts.transmit(0, 0, flags.syn)
      else {
        this.#congestion.expired(this.#highest - this.#acknowledged)
        this.#board.clear()
        this.#duplicates = 0
        this.#next = this.#acknowledged
        if (this.#window === 0) {
          this.#probe()
          return
        }
        this.pump()
      }
    }
    if (this.#timer === undefined && this.#highest > this.#acknowledged) this.#armRetransmission()
  }

  #armProbe(): void {
    if (this.#timer !== undefined) return
    const pause = Math.min(longestProbePause, this.#roundTrip.timeout * 2 ** Math.min(this.#probes, 8))
    this.#timer = this.#parts.clock.after(pause, () => {
      this.#timer = undefined
      this.#probe()
    })
  }

  /** Asks with one byte whether the other side takes anything again; that it answers keeps the connection. */
  #probe(): void {
    this.#probes++
    const from = this.#acknowledged
    if (this.#parts.clear()) {
      const last = from === this.#end
      this.#parts.transmit(from, last ? 0 : 1, last ? flags.fin : 0)
      this.#highest = Math.max(this.#highest, from + 1)
    }
    this.#cancelTimer()
    const pause = Math.min(longestProbePause, this.#roundTrip.timeout * 2 ** Math.min(this.#probes, 8))
    this.#timer = this.#parts.clock.after(pause, () => {
      this.#timer = undefined
      if (this.#window === 0) this.#probe()
      else this.#expired()
    })
  }
}
