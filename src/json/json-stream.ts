import { isSpace, openBrace } from './characters.ts'
import { FastPath } from './fast-path.ts'
import { Lexer } from './lexer.ts'
import { MessageBuilder } from './message-builder.ts'
import type { JsonMessage } from './value.ts'

/**
 * Reads messages from a stream of bytes: feed chunks, and take messages with `next()` until it returns undefined.
 *
 * Nothing is read ahead: who stops asking leaves the rest of the chunk as it is. Every byte is looked at a bounded
 * number of times, however it is cut into chunks, and memory is bounded by QEMU's own limits on a message.
 */
export class JsonStream {
  readonly #fast = new FastPath()
  readonly #message = new MessageBuilder()
  readonly #lexer = new Lexer(this.#message)
  #chunk: Uint8Array | undefined
  #at = 0
  /** Bytes before this index have been refused by the fast path: a second look would make reading quadratic. */
  #slowUntil = 0
  /** Chunks behind the one that is being read. */
  #later: Uint8Array[] = []

  /** Gives the next bytes. They are not copied, and must stay as they are until `next()` has returned undefined. */
  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#chunk === undefined) this.#open(chunk)
    else this.#later.push(chunk)
  }

  /** The next message that is complete; undefined if more bytes are needed. */
  next(): JsonMessage | undefined {
    while (this.#chunk !== undefined) {
      const message = this.#read(this.#chunk)
      if (message !== undefined) return message
      if (this.#at === this.#chunk.length) this.#open(this.#later.shift())
    }
    return undefined
  }

  /** Drops all input, and what is in progress. */
  reset(): void {
    this.#later = []
    this.#open(undefined)
    this.#lexer.reset()
    this.#message.reset()
  }

  #open(chunk: Uint8Array | undefined): void {
    this.#chunk = chunk
    this.#at = 0
    this.#slowUntil = 0
    this.#fast.open(chunk ?? nothing)
  }

  #read(chunk: Uint8Array): JsonMessage | undefined {
    if (this.#lexer.idle && this.#message.idle) {
      while (this.#at < chunk.length && isSpace(chunk[this.#at]!)) this.#at++
      if (this.#at >= this.#slowUntil && chunk[this.#at] === openBrace) {
        const value = this.#fast.read(this.#at)
        if (value !== undefined) {
          this.#at = this.#fast.end
          return { value }
        }
        this.#slowUntil = this.#fast.end
      }
    }
    this.#at = this.#lexer.read(chunk, this.#at)
    return this.#message.take()
  }
}

const nothing = new Uint8Array(0)
