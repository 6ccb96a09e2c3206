import { type FastMessage, readFast } from './fast-path.ts'
import { Lexer, type Token, tokenLimit } from './lexer.ts'
import { ParseError, parse } from './parser.ts'
import { decodeLossily } from './utf8.ts'

/** A message of the peer: a value, or QEMU's text on why it is none. */
export type JsonMessage = { readonly value: unknown } | { readonly error: string }

const nestingLimit = 1024
const tokenCountLimit = 2 << 20

/**
 * Reads messages from a stream of bytes: feed chunks, take messages with `next()` until it returns undefined.
 *
 * Ordinary messages take a fast path: their end is found and `JSON.parse` does the rest. Whatever QEMU reads in another
 * way than JSON.parse goes through lexer and parser. Memory is bounded by QEMU's own limits on a message.
 */
export class JsonStream {
  readonly #lexer = new Lexer()
  #chunk: Uint8Array | undefined
  #at = 0
  /** Chunks behind the one that is being read. */
  #later: Uint8Array[] = []
  /** The chunk as text, if all of it is ASCII; then its indices are the chunk's. */
  #text: string | undefined
  #tokens: Token[] = []
  #tokenBytes = 0
  #braces = 0
  #brackets = 0

  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#chunk === undefined) this.#open(chunk)
    else this.#later.push(chunk)
  }

  /** The next message that is complete; undefined if more bytes are needed. */
  next(): JsonMessage | undefined {
    while (this.#chunk !== undefined) {
      if (this.#text !== undefined && this.#tokens.length === 0 && this.#lexer.idle) {
        const fast: FastMessage | undefined = readFast(this.#text, this.#at)
        if (fast !== undefined) {
          this.#at = fast.end
          if (fast.value !== undefined) return fast as JsonMessage
        }
      }
      this.#lexer.feed(this.#chunk, this.#at)
      for (let token = this.#lexer.next(); token !== undefined; token = this.#lexer.next()) {
        this.#at = this.#lexer.position
        const message = this.#accept(token)
        if (message !== undefined) return message
      }
      this.#open(this.#later.shift())
    }
    return undefined
  }

  #open(chunk: Uint8Array | undefined): void {
    this.#chunk = chunk
    this.#at = 0
    this.#text = undefined
    if (chunk === undefined) return
    const text = decoder.decode(chunk)
    if (text.length === chunk.length) this.#text = text
  }

  /** Takes a token into the message in progress; returns the message when it is whole, or broken. */
  #accept(token: Token): JsonMessage | undefined {
    switch (token.kind) {
      case '{':
        this.#braces++
        break
      case '}':
        this.#braces--
        break
      case '[':
        this.#brackets++
        break
      case ']':
        this.#brackets--
        break
      case 'error':
        return this.#finish({ error: `JSON parse error, stray '${decodeLossily(token.bytes)}'` })
    }
    if (this.#tokenBytes + token.bytes.length + 1 > tokenLimit)
      return this.#finish({ error: 'JSON token size limit exceeded' })
    if (this.#tokens.length + 1 > tokenCountLimit) return this.#finish({ error: 'JSON token count limit exceeded' })
    if (this.#braces + this.#brackets > nestingLimit)
      return this.#finish({ error: 'JSON nesting depth limit exceeded' })
    this.#tokens.push(token)
    this.#tokenBytes += token.bytes.length
    const open = this.#braces > 0 || this.#brackets > 0
    if (open && this.#braces >= 0 && this.#brackets >= 0) return undefined
    try {
      return this.#finish({ value: parse(this.#tokens) })
    } catch (error) {
      if (error instanceof ParseError) return this.#finish({ error: `JSON parse error, ${error.message}` })
      throw error
    }
  }

  #finish(message: JsonMessage): JsonMessage {
    this.#tokens = []
    this.#tokenBytes = 0
    this.#braces = 0
    this.#brackets = 0
    return message
  }
}

/** Bytes above 0x7F make the text shorter than the chunk (or put U+FFFD into it, one for each: see `open`). */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
