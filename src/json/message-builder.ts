import { closeBrace, closeBracket, openBrace, openBracket } from './characters.ts'
import type { TokenSink } from './lexer.ts'
import type { LiteralKind } from './lexer-table.ts'
import { maxNesting, maxTokenBytes, maxTokens } from './limits.ts'
import { decodeLossily } from './utf8.ts'
import type { JsonMessage } from './value.ts'
import { ValueBuilder } from './value-builder.ts'

/**
 * Finds where messages end, by counting braces and brackets, and watches their limits.
 *
 * A syntax error is told only when the message ends, and only the first; a lexical one, or a limit, ends it at once.
 */
export class MessageBuilder implements TokenSink {
  readonly #values = new ValueBuilder()
  #braces = 0
  #brackets = 0
  #tokens = 0
  #tokenBytes = 0
  #message: JsonMessage | undefined

  /** Whether no message is in progress. */
  get idle(): boolean {
    return this.#tokens === 0
  }

  /** The message that has become complete. */
  take(): JsonMessage | undefined {
    const message = this.#message
    this.#message = undefined
    return message
  }

  /** Forgets what is in progress. */
  reset(): void {
    this.#values.clear()
    this.#braces = 0
    this.#brackets = 0
    this.#tokens = 0
    this.#tokenBytes = 0
    this.#message = undefined
  }

  structure(byte: number): boolean {
    if (byte === openBrace) this.#braces++
    else if (byte === closeBrace) this.#braces--
    else if (byte === openBracket) this.#brackets++
    else if (byte === closeBracket) this.#brackets--
    if (!this.#admit(1)) return true
    this.#values.structure(byte)
    return this.#completeIfBalanced()
  }

  literal(kind: LiteralKind, bytes: Uint8Array, from: number, to: number): boolean {
    if (!this.#admit(to - from)) return true
    this.#values.literal(kind, bytes, from, to)
    return this.#completeIfBalanced()
  }

  stray(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#complete({ error: `JSON parse error, stray '${decodeLossily(bytes, from, to)}'` })
  }

  oversized(): boolean {
    return this.#complete({ error: 'JSON token size limit exceeded' })
  }

  /** Counts one more token; false if that is one too much, and the message is over. */
  #admit(length: number): boolean {
    if (this.#tokenBytes + length + 1 > maxTokenBytes) this.oversized()
    else if (this.#tokens + 1 > maxTokens) this.#complete({ error: 'JSON token count limit exceeded' })
    else if (this.#braces + this.#brackets > maxNesting) this.#complete({ error: 'JSON nesting depth limit exceeded' })
    else {
      this.#tokenBytes += length
      this.#tokens++
      return true
    }
    return false
  }

  #completeIfBalanced(): boolean {
    const open = this.#braces > 0 || this.#brackets > 0
    if (open && this.#braces >= 0 && this.#brackets >= 0) return false
    const { error } = this.#values
    return this.#complete(error === undefined ? { value: this.#values.value } : { error: `JSON parse error, ${error}` })
  }

  #complete(message: JsonMessage): true {
    this.reset()
    this.#message = message
    return true
  }
}
