/** A text is not JSON (RFC 8259), or says a member of an object twice. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault'
  /** From 1 on. */
  readonly line: number
  readonly column: number

  constructor(text: string, offset: number, message: string) {
    super(message)
    const before = text.slice(0, offset).split('\n')
    this.line = before.length
    this.column = before.at(-1)!.length + 1
  }
}

const blank = /[ \t\n\r]*/y
const token =
  /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const mostLevels = 64

type Wanted = 'value' | 'value-or-]' | 'key' | 'key-or-}' | ':' | ',' | 'end'

/**
 * Reads a file of JSON that a person has written, in the standard's own dialect: says where it is wrong.
 *
 * @throws {JsonFault} with the place, if it is not JSON, has more than 64 levels, or says a member twice
 */
export function parseStrictJson(text: string): unknown {
  new StrictReader(text).check()
  return JSON.parse(text)
}

/** Walks the tokens of a text. */
class StrictReader {
  readonly #text: string
  #at = 0
  /** The objects (their members' names) and lists (none) that are open. */
  readonly #open: (Set<string> | undefined)[] = []
  #wanted: Wanted = 'value'

  constructor(text: string) {
    this.#text = text
  }

  check(): void {
    while (this.#skipBlanks() < this.#text.length) {
      token.lastIndex = this.#at
      const found = token.exec(this.#text)?.[0]
      if (found === undefined || !this.#take(found)) throw this.#fault('this cannot stand here')
      this.#at += found.length
    }
    if (this.#wanted !== 'end') throw this.#fault('the text ends too early')
  }

  #skipBlanks(): number {
    blank.lastIndex = this.#at
    this.#at += blank.exec(this.#text)![0].length
    return this.#at
  }

  /** @returns whether the token may stand here */
  #take(found: string): boolean {
    const wanted = this.#wanted
    if (wanted === 'end') return false
    if (wanted === ':') return this.#expect(found === ':', 'value')
    if (wanted === ',') {
      if (found === ',') return this.#expect(true, this.#open.at(-1) === undefined ? 'value' : 'key')
      return this.#close(found)
    }
    if (wanted === 'key' || wanted === 'key-or-}') {
      if (found.startsWith('"')) return this.#key(found)
      return wanted === 'key-or-}' && this.#close(found)
    }
    if (found === ']') return wanted === 'value-or-]' && this.#close(found)
    return this.#value(found)
  }

  #value(found: string): boolean {
    if (found === '{' || found === '[') {
      if (this.#open.length === mostLevels) throw this.#fault('there are too many levels')
      this.#open.push(found === '{' ? new Set() : undefined)
      return this.#expect(true, found === '{' ? 'key-or-}' : 'value-or-]')
    }
    return this.#expect(!/^[}\],:]$/.test(found), this.#open.length === 0 ? 'end' : ',')
  }

  #key(found: string): boolean {
    const name = JSON.parse(found) as string
    const names = this.#open.at(-1)!
    if (names.has(name)) throw this.#fault(`member '${name}' is said twice`)
    names.add(name)
    return this.#expect(true, ':')
  }

  #close(found: string): boolean {
    if (found !== (this.#open.at(-1) === undefined ? ']' : '}')) return false
    this.#open.pop()
    return this.#expect(true, this.#open.length === 0 ? 'end' : ',')
  }

  #expect(fits: boolean, next: Wanted): boolean {
    if (fits) this.#wanted = next
    return fits
  }

  #fault(message: string): JsonFault {
    return new JsonFault(this.#text, this.#at, message)
  }
}
