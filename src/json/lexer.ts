import { ByteBuffer } from './byte-buffer.ts'
import {
  firstToken,
  type LiteralKind,
  lookahead,
  recovery,
  start,
  stray,
  structure,
  transitions,
} from './lexer-table.ts'
import { maxTokenBytes } from './limits.ts'

/** Takes tokens as they become complete. Each method says whether they make a message, so that the lexer stops. */
export interface TokenSink {
  /** One of `{}[]:,`. */
  structure(byte: number): boolean
  /** The bytes of a string (with its quotes), number or word; only valid during the call. */
  literal(kind: LiteralKind, bytes: Uint8Array, from: number, to: number): boolean
  /** Bytes that are no token, up to the one that does not fit; only valid during the call. */
  stray(bytes: Uint8Array, from: number, to: number): boolean
  /** A token has grown too long; what follows in it is read as new input. */
  oversized(): boolean
}

/** Cuts bytes into tokens, chunk by chunk, and finds its feet after garbage exactly where QEMU does. */
export class Lexer {
  readonly #sink: TokenSink
  #state = start
  /** Bytes of the token in progress that came in earlier chunks. */
  readonly #carried = new ByteBuffer()

  constructor(sink: TokenSink) {
    this.#sink = sink
  }

  /** Whether no token is in progress and the next byte begins one. */
  get idle(): boolean {
    return this.#state === start
  }

  /**
   * Reads bytes of `chunk` from `from` on, at most until the sink has a message.
   *
   * @returns index of the first byte that was not read; before the end of the chunk, call again
   */
  read(chunk: Uint8Array, from: number): number {
    // No further than a token may grow: then its length needs to be looked at in one place only.
    const end = Math.min(chunk.length, from + maxTokenBytes + 1 - this.#carried.length)
    let state = this.#state
    let first = from
    let at = from
    while (at < end) {
      const byte = chunk[at]!
      const next = transitions[(state << 8) | byte]!
      if (next === state) {
        at++
      } else if (next < firstToken) {
        if (state === start) first = at
        state = next
        at++
      } else if (next === (start | lookahead)) {
        state = start
      } else {
        if (state === start) first = at
        if (next < lookahead) at++
        const kind = next & ~lookahead
        state = kind === stray ? recovery : start
        const complete = kind === structure ? this.#sink.structure(byte) : this.#emit(kind, chunk, first, at)
        if (complete) break
      }
    }
    this.#state = state
    if (state !== start && state !== recovery) {
      this.#carried.append(chunk, first, at)
      if (this.#carried.length > maxTokenBytes) {
        this.reset()
        this.#sink.oversized()
      }
    }
    return at
  }

  /** Forgets what is in progress. */
  reset(): void {
    this.#state = start
    this.#carried.clear()
  }

  #emit(kind: number, chunk: Uint8Array, from: number, to: number): boolean {
    if (this.#carried.length === 0) return this.#deliver(kind, chunk, from, to)
    this.#carried.append(chunk, from, to)
    const complete = this.#deliver(kind, this.#carried.bytes, 0, this.#carried.length)
    this.#carried.clear()
    return complete
  }

  #deliver(kind: number, bytes: Uint8Array, from: number, to: number): boolean {
    return kind === stray ? this.#sink.stray(bytes, from, to) : this.#sink.literal(kind as LiteralKind, bytes, from, to)
  }
}
