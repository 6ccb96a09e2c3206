import type { Clock, Timer } from './clock.ts'
import type { IpPacket } from './ip-packet.ts'

/** How long the rest of a datagram is waited for, in milliseconds. */
const patience = 30_000
/** How many datagrams may be incomplete; the oldest is given up first. */
const mostIncomplete = 16
const mostPieces = 128
const longestDatagram = 65_535 - 20

interface Piece {
  readonly from: number
  readonly bytes: Buffer
}

interface Incomplete {
  readonly pieces: Piece[]
  readonly timer: Timer
  /** Of the whole, as soon as its last piece is there. */
  length: number | undefined
}

/** Puts datagrams together that came in pieces (RFC 791, 3.2; RFC 8200, 4.5; pieces that overlap are refused, as RFC 5722 has it). */
export class Fragments {
  readonly #clock: Clock
  readonly #incomplete = new Map<string, Incomplete>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns the datagram if this was its last missing piece, or if it came in one */
  add<Packet extends IpPacket>(packet: Packet): Packet | undefined {
    const { fragmentOffset: from, payload, moreFragments } = packet
    if (from === 0 && !moreFragments) return packet
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${packet.id}`
    const datagram = this.#incomplete.get(key) ?? this.#begin(key)
    if (!this.#take(datagram, { from, bytes: payload }, moreFragments)) {
      this.#forget(key)
      return undefined
    }
    const whole = joined(datagram)
    if (whole === undefined) return undefined
    this.#forget(key)
    return { ...packet, fragmentOffset: 0, moreFragments: false, payload: whole }
  }

  close(): void {
    for (const key of [...this.#incomplete.keys()]) this.#forget(key)
  }

  #begin(key: string): Incomplete {
    if (this.#incomplete.size >= mostIncomplete) this.#forget(this.#incomplete.keys().next().value!)
    const datagram = { pieces: [], length: undefined, timer: this.#clock.after(patience, () => this.#forget(key)) }
    this.#incomplete.set(key, datagram)
    return datagram
  }

  #take(datagram: Incomplete, piece: Piece, more: boolean): boolean {
    const { pieces } = datagram
    const to = piece.from + piece.bytes.length
    if (piece.bytes.length === 0 || to > longestDatagram || (more && piece.bytes.length % 8 !== 0)) return false
    if (!more) {
      if (datagram.length !== undefined && datagram.length !== to) return false
      datagram.length = to
    }
    if (datagram.length !== undefined && to > datagram.length) return false
    const index = pieces.findLastIndex(({ from }) => from <= piece.from)
    const [before, after] = [pieces[index], pieces[index + 1]]
    if (before?.from === piece.from && before.bytes.length === piece.bytes.length) return true
    if (before !== undefined && before.from + before.bytes.length > piece.from) return false
    if (after !== undefined && to > after.from) return false
    if (pieces.length >= mostPieces) return false
    pieces.splice(index + 1, 0, { from: piece.from, bytes: Buffer.from(piece.bytes) })
    return true
  }

  #forget(key: string): void {
    this.#incomplete.get(key)?.timer.cancel()
    this.#incomplete.delete(key)
  }
}

/** The whole, if nothing is missing. */
function joined({ pieces, length }: Incomplete): Buffer | undefined {
  if (length === undefined) return undefined
  let to = 0
  for (const { from, bytes } of pieces) {
    if (from !== to) return undefined
    to += bytes.length
  }
  return to === length ? Buffer.concat(pieces.map(({ bytes }) => bytes)) : undefined
}
