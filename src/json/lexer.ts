/** Kinds of tokens; those of structure are their own character. */
export type TokenKind = '{' | '}' | '[' | ']' | ':' | ',' | 'integer' | 'float' | 'string' | 'keyword' | 'error'

export interface Token {
  readonly kind: TokenKind
  /** The bytes of the token, quotes included; of an error all bytes up to the offending one. */
  readonly bytes: Uint8Array
}

/** No token grows beyond this: it is cut there, as QEMU does. */
export const tokenLimit = 64 << 20

type State =
  | 'start'
  | 'double-quoted'
  | 'double-quoted-escape'
  | 'single-quoted'
  | 'single-quoted-escape'
  | 'zero'
  | 'minus'
  | 'digits'
  | 'point'
  | 'fraction'
  | 'exponent'
  | 'exponent-sign'
  | 'exponent-digits'
  | 'keyword'
  | 'recovery'

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isStructural = (byte: number): boolean =>
  byte === 0x7b || byte === 0x7d || byte === 0x5b || byte === 0x5d || byte === 0x3a || byte === 0x2c
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
/** What may stand in a string: no control characters, and not the two bytes that UTF-8 never has. */
const isStringByte = (byte: number): boolean => byte >= 0x20 && byte <= 0xfd

/** What a byte does in a state: the next state, `end` of the token before it, `done` with it, or an error. */
type Step = State | 'end' | 'done' | 'error'

function stepString(byte: number, quote: number, here: State, escaped: State): Step {
  if (byte === quote) return 'done'
  if (byte === 0x5c) return escaped
  return isStringByte(byte) ? here : 'error'
}

function step(state: State, byte: number): Step {
  switch (state) {
    case 'double-quoted':
      return stepString(byte, 0x22, 'double-quoted', 'double-quoted-escape')
    case 'single-quoted':
      return stepString(byte, 0x27, 'single-quoted', 'single-quoted-escape')
    case 'double-quoted-escape':
      return isStringByte(byte) ? 'double-quoted' : 'error'
    case 'single-quoted-escape':
      return isStringByte(byte) ? 'single-quoted' : 'error'
    case 'keyword':
      return byte >= 0x61 && byte <= 0x7a ? 'keyword' : 'end'
    case 'minus':
      return byte === 0x30 ? 'zero' : isDigit(byte) ? 'digits' : 'error'
    case 'zero':
      return isDigit(byte) ? 'error' : byte === 0x2e ? 'point' : 'end'
    case 'digits':
      if (isDigit(byte)) return 'digits'
      return byte === 0x2e ? 'point' : isExponent(byte) ? 'exponent' : 'end'
    case 'point':
      return isDigit(byte) ? 'fraction' : 'error'
    case 'fraction':
      return isDigit(byte) ? 'fraction' : isExponent(byte) ? 'exponent' : 'end'
    case 'exponent':
      return isDigit(byte) ? 'exponent-digits' : byte === 0x2b || byte === 0x2d ? 'exponent-sign' : 'error'
    case 'exponent-sign':
      return isDigit(byte) ? 'exponent-digits' : 'error'
    case 'exponent-digits':
      return isDigit(byte) ? 'exponent-digits' : 'end'
    case 'start':
    case 'recovery':
      return 'error'
  }
}

const isExponent = (byte: number): boolean => byte === 0x65 || byte === 0x45

/** Tokens of one character; all alike, so made once. */
const structural: Readonly<Record<number, Token>> = Object.fromEntries(
  [...'{}[]:,'].map((character) => {
    const code = character.charCodeAt(0)
    return [code, { kind: character as TokenKind, bytes: Uint8Array.of(code) }]
  }),
)

/** The state into which a byte leads at the start of a token; undefined if no token starts so. */
function firstState(byte: number): State | undefined {
  if (byte === 0x22) return 'double-quoted'
  if (byte === 0x27) return 'single-quoted'
  if (byte === 0x30) return 'zero'
  if (byte === 0x2d) return 'minus'
  if (isDigit(byte)) return 'digits'
  return byte >= 0x61 && byte <= 0x7a ? 'keyword' : undefined
}

function kindOf(state: State): TokenKind {
  if (state === 'zero' || state === 'digits') return 'integer'
  if (state === 'fraction' || state === 'exponent-digits') return 'float'
  return state === 'keyword' ? 'keyword' : 'string'
}

/**
 * Cuts bytes into tokens, a chunk at a time. After an error bytes are skipped up to the next structural character, or
 * control character other than TAB: this is how QEMU finds its feet again.
 */
export class Lexer {
  #state: State = 'start'
  /** Bytes of the token in progress that came in earlier chunks, in a buffer that doubles. */
  #earlier: Uint8Array = empty
  #earlierLength = 0
  #chunk: Uint8Array = empty
  #at = 0

  /** Whether nothing is in progress: the next byte begins a token. */
  get idle(): boolean {
    return this.#state === 'start'
  }

  /** Gives the next chunk; the one before must have been read to its end. */
  feed(chunk: Uint8Array, at: number): void {
    this.#chunk = chunk
    this.#at = at
  }

  /** Where the next unread byte of the chunk is. */
  get position(): number {
    return this.#at
  }

  /** The next token that is complete, or undefined if the chunk has no more. */
  next(): Token | undefined {
    const chunk = this.#chunk
    let start = this.#at
    while (this.#at < chunk.length) {
      const byte = chunk[this.#at]!
      if (this.#state === 'recovery') {
        if (isStructural(byte) || (byte < 0x20 && byte !== 0x09) || byte >= 0xfe) this.#state = 'start'
        else this.#at++
        start = this.#at
        continue
      }
      if (this.#state === 'start') {
        start = this.#at
        this.#at++
        if (isSpace(byte)) continue
        if (isStructural(byte)) return structural[byte]!
        const first = firstState(byte)
        if (first === undefined) return this.#fail(start)
        this.#state = first
        continue
      }
      const next = step(this.#state, byte)
      if (next === 'end') return this.#take(kindOf(this.#state), start, 'start')
      this.#at++
      if (next === 'done') return this.#take('string', start, 'start')
      if (next === 'error') return this.#fail(start)
      this.#state = next
      if (this.#earlierLength + this.#at - start > tokenLimit) return this.#take(kindOf(this.#state), start, 'start')
    }
    if (this.#state !== 'start' && this.#state !== 'recovery' && this.#at > start) {
      this.#keep(chunk.subarray(start, this.#at))
    }
    return undefined
  }

  #keep(part: Uint8Array): void {
    const length = this.#earlierLength + part.length
    if (length > this.#earlier.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#earlier.length, 64))
      larger.set(this.#earlier.subarray(0, this.#earlierLength))
      this.#earlier = larger
    }
    this.#earlier.set(part, this.#earlierLength)
    this.#earlierLength = length
  }

  #fail(start: number): Token {
    return this.#take('error', start, 'recovery')
  }

  #take(kind: TokenKind, start: number, state: State): Token {
    this.#state = state
    const last = this.#chunk.subarray(start, this.#at)
    if (this.#earlierLength === 0) return { kind, bytes: last.slice() } // a copy: a token must not hold its whole chunk
    this.#keep(last)
    const bytes = this.#earlier.slice(0, this.#earlierLength)
    this.#earlier = empty
    this.#earlierLength = 0
    return { kind, bytes }
  }
}

const empty = new Uint8Array(0)
