/** What a piece costs beside its bytes. */
const pieceCost = 256
const mostPieces = 512

interface Piece {
  readonly from: number
  readonly to: number
  readonly bytes: Buffer
}

/** Memory for what came too early, of all connections together. */
export interface ReassemblyPool {
  /** Bytes that may yet be taken. */
  free: number
}

/** Brings the bytes of a stream into their order, by their place in it. */
export class Reassembly {
  /** The place of the next byte that is missing. */
  next: number
  readonly #pool: ReassemblyPool
  #pieces: Piece[] = []
  #newest: Piece | undefined
  #held = 0

  constructor(next: number, pool: ReassemblyPool) {
    this.next = next
    this.#pool = pool
  }

  /** Bytes that came too early, with what they cost. */
  get held(): number {
    return this.#held
  }

  /** @returns what is in order now; empty if something is missing before it, or all has been there before */
  insert(from: number, bytes: Buffer): Buffer[] {
    const to = from + bytes.length
    if (to <= this.next) return []
    if (from > this.next) {
      this.#keep(from, to, bytes)
      return []
    }
    const inOrder = [bytes.subarray(this.next - from)]
    this.next = to
    while (this.#pieces.length > 0 && this.#pieces[0]!.from <= this.next) {
      const piece = this.#pieces.shift()!
      this.#gone(piece)
      if (piece.to <= this.next) continue
      inOrder.push(piece.bytes.subarray(this.next - piece.from))
      this.next = piece.to
    }
    return inOrder
  }

  /** Runs of bytes that came too early: the newest one first, as RFC 2018 asks, at most `count`. */
  runs(count: number): [number, number][] {
    const runs: [number, number][] = []
    for (const { from, to } of this.#pieces) {
      const last = runs.at(-1)
      if (last !== undefined && last[1] === from) last[1] = to
      else runs.push([from, to])
    }
    const newest = this.#newest
    const first = newest === undefined ? -1 : runs.findIndex(([from, to]) => from <= newest.from && newest.from < to)
    if (first > 0) runs.unshift(...runs.splice(first, 1))
    return runs.slice(0, count)
  }

  /** Gives up what came too early. */
  clear(): void {
    for (const piece of this.#pieces.splice(0)) this.#gone(piece)
  }

  #keep(from: number, to: number, bytes: Buffer): void {
    // Only what fills gaps is kept: pieces never overlap.
    let place = from
    let index = this.#pieces.findIndex((piece) => piece.to > from)
    if (index < 0) index = this.#pieces.length
    while (place < to) {
      const after = this.#pieces[index]
      const end = after === undefined ? to : Math.min(to, after.from)
      if (place < end) {
        if (!this.#add(index, place, end, bytes.subarray(place - from, end - from))) return
        index++
      }
      if (after === undefined) return
      place = Math.max(place, after.to)
      index++
    }
  }

  #add(index: number, from: number, to: number, bytes: Buffer): boolean {
    const cost = bytes.length + pieceCost
    if (this.#pieces.length >= mostPieces || this.#pool.free < cost) return false
    const piece = { from, to, bytes: Buffer.from(bytes) }
    this.#pieces.splice(index, 0, piece)
    this.#newest = piece
    this.#held += cost
    this.#pool.free -= cost
    return true
  }

  #gone(piece: Piece): void {
    const cost = piece.bytes.length + pieceCost
    this.#held -= cost
    this.#pool.free += cost
    if (this.#newest === piece) this.#newest = undefined
  }
}
