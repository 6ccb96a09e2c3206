import { doubleOf } from './double.ts'
import type { Token } from './lexer.ts'
import { StringError, stringValue } from './string-value.ts'

/** Why tokens are no value, in QEMU's words. */
export class ParseError extends Error {
  override readonly name = 'ParseError'
}

const ascii = new TextDecoder('latin1')
const keywords: Readonly<Record<string, true | false | null>> = { true: true, false: false, null: null }

/**
 * The value that the tokens of one message stand for.
 *
 * @throws {ParseError} for the first offence
 */
export function parse(tokens: readonly Token[]): unknown {
  return new Parser(tokens).value()
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  value(): unknown {
    const token = this.#take()
    switch (token.kind) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case 'string':
        return this.#string(token)
      case 'integer':
        return integerValue(ascii.decode(token.bytes))
      case 'float':
        return doubleOf(Number(ascii.decode(token.bytes)))
      case 'keyword':
        return keywordValue(ascii.decode(token.bytes))
      default:
        throw new ParseError('expecting value')
    }
  }

  #object(): unknown {
    const object: Record<string, unknown> = Object.create(null)
    if (this.#skip('}')) return object
    do {
      const key = this.value()
      if (typeof key !== 'string') throw new ParseError('key is not a string in object')
      if (!this.#skip(':')) throw new ParseError('missing : in object pair')
      const value = this.value()
      if (key in object) throw new ParseError('duplicate key')
      object[key] = value
    } while (this.#separated('}', 'dict'))
    return object
  }

  #array(): unknown {
    const array: unknown[] = []
    if (this.#skip(']')) return array
    do array.push(this.value())
    while (this.#separated(']', 'list'))
    return array
  }

  /** Whether a comma follows; the end otherwise. */
  #separated(end: '}' | ']', where: string): boolean {
    if (this.#skip(end)) return false
    if (!this.#skip(',')) throw new ParseError(`expected separator in ${where}`)
    return true
  }

  #string(token: Token): string {
    try {
      return stringValue(token.bytes)
    } catch (error) {
      if (error instanceof StringError) throw new ParseError(error.message)
      throw error
    }
  }

  #skip(kind: Token['kind']): boolean {
    if (this.#tokens[this.#at]?.kind !== kind) return false
    this.#at++
    return true
  }

  #take(): Token {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new ParseError('premature EOI')
    return token
  }
}

function keywordValue(word: string): unknown {
  if (Object.hasOwn(keywords, word)) return keywords[word]
  throw new ParseError(`invalid keyword '${word}'`)
}

const largest = 2n ** 64n - 1n
const lowest = -(2n ** 63n)

/** An integer of 64 bits, signed or not; beyond that a double, as in QEMU. */
function integerValue(text: string): unknown {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
  const big = BigInt(text)
  return big <= largest && big >= lowest ? big : doubleOf(value)
}
