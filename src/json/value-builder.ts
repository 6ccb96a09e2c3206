import { keepNames, startsWithDigit } from '../hash/index.ts'
import { closeBrace, closeBracket, colon, comma, openBrace, openBracket } from './characters.ts'
import { float, integer, keyword, type LiteralKind, string } from './lexer-table.ts'
import { floatValue, integerValue } from './number-value.ts'
import { asciiText } from './short-text.ts'
import { stringValue } from './string-value.ts'
import type { JsonValue } from './value.ts'

type Expectation = 'value' | 'first item' | 'first key' | 'key' | 'colon' | 'end of item' | 'end of member'

interface ArrayFrame {
  readonly parent: Frame | undefined
  readonly array: JsonValue[]
}

interface ObjectFrame {
  readonly parent: Frame | undefined
  readonly array?: undefined
  readonly object: Record<string, JsonValue>
  /** The name that waits for its value. */
  key: string | undefined
  /** Names in the order of their arrival, once one is there that JavaScript would list out of turn. */
  names: string[] | undefined
}

type Frame = ArrayFrame | ObjectFrame

const keywords: ReadonlyMap<string, JsonValue> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

/**
 * Builds a value from tokens, one at a time. The first offence against the grammar is kept, and what follows is ignored.
 *
 * Any value may stand where a name is expected: that it is no string counts only when it is complete, so that an
 * offence inside it comes first.
 */
export class ValueBuilder {
  #expected: Expectation = 'value'
  #top: Frame | undefined
  #value: JsonValue = null
  #error: string | undefined

  /** The value that the tokens have made; defined once brackets balance and there is no error. */
  get value(): JsonValue {
    return this.#value
  }

  /** The first offence, in QEMU's words. */
  get error(): string | undefined {
    return this.#error
  }

  clear(): void {
    this.#expected = 'value'
    this.#top = undefined
    this.#value = null
    this.#error = undefined
  }

  structure(byte: number): void {
    if (this.#error !== undefined) return
    switch (this.#expected) {
      case 'colon':
        if (byte === colon) this.#expected = 'value'
        else this.#fail('missing : in object pair')
        return
      case 'end of member':
        if (byte === comma) this.#expected = 'key'
        else if (byte === closeBrace) this.#close()
        else this.#fail('expected separator in dict')
        return
      case 'end of item':
        if (byte === comma) this.#expected = 'value'
        else if (byte === closeBracket) this.#close()
        else this.#fail('expected separator in list')
        return
      default:
        if (byte === openBrace) this.#openObject()
        else if (byte === openBracket) this.#openArray()
        else if (byte === closeBrace && this.#expected === 'first key') this.#close()
        else if (byte === closeBracket && this.#expected === 'first item') this.#close()
        else this.#fail('expecting value')
    }
  }

  literal(kind: LiteralKind, bytes: Uint8Array, from: number, to: number): void {
    if (this.#error !== undefined) return
    if (this.#expected === 'colon') this.#fail('missing : in object pair')
    else if (this.#expected === 'end of member') this.#fail('expected separator in dict')
    else if (this.#expected === 'end of item') this.#fail('expected separator in list')
    else if (kind === string) this.#string(bytes, from, to)
    else if (kind === integer) this.#place(integerValue(bytes, from, to))
    else if (kind === float) this.#place(floatValue(bytes, from, to))
    else if (kind === keyword) this.#keyword(asciiText(bytes, from, to))
  }

  #string(bytes: Uint8Array, from: number, to: number): void {
    const text = stringValue(bytes, from, to)
    if (typeof text === 'string') this.#place(text)
    else this.#fail(text.flaw)
  }

  #keyword(word: string): void {
    const value = keywords.get(word)
    if (value === undefined) this.#fail(`invalid keyword '${word}'`)
    else this.#place(value)
  }

  #openObject(): void {
    this.#top = { parent: this.#top, object: Object.create(null), key: undefined, names: undefined }
    this.#expected = 'first key'
  }

  #openArray(): void {
    this.#top = { parent: this.#top, array: [] }
    this.#expected = 'first item'
  }

  #close(): void {
    const frame = this.#top!
    this.#top = frame.parent
    if (frame.array !== undefined) {
      this.#place(frame.array)
      return
    }
    if (frame.names !== undefined) keepNames(frame.object, frame.names)
    this.#place(frame.object)
  }

  /** Puts a value that is complete where it belongs. */
  #place(value: JsonValue): void {
    const frame = this.#top
    if (frame === undefined) {
      this.#value = value
    } else if (frame.array !== undefined) {
      frame.array.push(value)
      this.#expected = 'end of item'
    } else if (frame.key !== undefined) {
      this.#member(frame, frame.key, value)
    } else if (typeof value === 'string') {
      frame.key = value
      this.#expected = 'colon'
    } else {
      this.#fail('key is not a string in object')
    }
  }

  #member(frame: ObjectFrame, key: string, value: JsonValue): void {
    const { object } = frame
    if (key in object) {
      this.#fail('duplicate key')
      return
    }
    if (frame.names === undefined && startsWithDigit(key)) frame.names = Object.keys(object)
    frame.names?.push(key)
    object[key] = value
    frame.key = undefined
    this.#expected = 'end of member'
  }

  #fail(error: string): void {
    this.#error = error
    this.#top = undefined
  }
}
