import { Reassembly, type ReassemblyPool } from './reassembly.ts'

/** What a receiver has to know to go on; what came too early comes again. */
export interface SavedReceiver {
  readonly next: number
  readonly edge: number
  readonly ended: boolean
}

/**
 * The half of a connection that receives: the place that is waited for, what came too early, and how much is taken. All
 * places are of the other side's stream, whose SYN has 0.
 */
export class Receiver {
  readonly #bytes: Reassembly
  #end: number | undefined
  #ended = false
  /** Behind the last place that the other side was told it may send: that is never taken back. */
  #edge = 1

  constructor(pool: ReassemblyPool) {
    this.#bytes = new Reassembly(1, pool)
  }

  save(): SavedReceiver {
    return { next: this.#bytes.next, edge: this.#edge, ended: this.#ended }
  }

  /** Goes on where another one stood. */
  restore({ next, edge, ended }: SavedReceiver): void {
    this.#bytes.clear()
    this.#bytes.next = next
    this.#edge = edge
    this.#ended = ended
    if (ended) this.#end = next
  }

  /** The place that is waited for. */
  get next(): number {
    return this.#bytes.next + (this.#ended ? 1 : 0)
  }

  /** All that the other side sent is there, and it said that this is all. */
  get ended(): boolean {
    return this.#ended
  }

  get edge(): number {
    return this.#edge
  }

  /** Runs that came too early. */
  runs(count: number): [number, number][] {
    return this.#bytes.runs(count)
  }

  get hasGaps(): boolean {
    return this.#bytes.held > 0
  }

  /** How much would be taken now, if so much may wait and so much waits. */
  room(limit: number, waiting: number): number {
    return Math.max(0, limit - waiting - this.#bytes.held, this.#edge - this.next)
  }

  /** So much is told: it holds. */
  promise(window: number): void {
    this.#edge = Math.max(this.#edge, this.next + window)
  }

  /** @returns what is in order now */
  take(from: number, bytes: Buffer, last: boolean): Buffer[] {
    if (this.#ended) return []
    // A second end somewhere else is a lie: the first one holds.
    if (last) this.#end ??= from + bytes.length
    const to = Math.min(from + bytes.length, this.#edge, this.#end ?? Number.POSITIVE_INFINITY)
    const inOrder = to > from ? this.#bytes.insert(from, bytes.subarray(0, to - from)) : []
    if (this.#end !== undefined && this.#bytes.next >= this.#end) {
      this.#ended = true
      this.#bytes.clear()
    }
    return inOrder
  }

  close(): void {
    this.#bytes.clear()
  }
}
