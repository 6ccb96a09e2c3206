/**
 * The lexer as a table: for each state and byte the next state, or which token is complete.
 *
 * An entry below `firstToken` is a state; one from there on says that a token of that kind is complete. With
 * `lookahead` added, the byte does not belong to the token and is looked at again in the state `start`.
 */
import { closeBrace, closeBracket, colon, comma, openBrace, openBracket } from './characters.ts'

/** States. Nothing is in progress in the first two, and bytes are dropped. */
export const start = 0
/** After a lexical error: bytes are skipped until one may begin a message again. */
export const recovery = 1
const doubleQuoted = 2
const doubleQuotedEscape = 3
const singleQuoted = 4
const singleQuotedEscape = 5
const sign = 6
const zero = 7
const digits = 8
const point = 9
const fraction = 10
const exponent = 11
const exponentSign = 12
const exponentDigits = 13
const word = 14
const states = 15

/** Kinds of tokens. */
export const firstToken = 16
export const structure = 16
export const string = 17
export const integer = 18
export const float = 19
export const keyword = 20
/** What no token is: the bytes so far and the one that does not fit. */
export const stray = 21

export const lookahead = 0x80

/** Kinds of literal tokens, those that have a content. */
export type LiteralKind = typeof string | typeof integer | typeof float | typeof keyword

const range = (first: string, last: string): [number, number] => [first.charCodeAt(0), last.charCodeAt(0)]
const structural = [openBrace, closeBrace, openBracket, closeBracket, colon, comma]

function build(): Uint8Array {
  const table = new Uint8Array(states << 8).fill(stray)
  const on = (state: number, first: number, last: number, next: number): void => {
    table.fill(next, (state << 8) | first, ((state << 8) | last) + 1)
  }
  const onCharacters = (state: number, characters: string, next: number): void => {
    for (const character of characters) on(state, character.charCodeAt(0), character.charCodeAt(0), next)
  }
  const onDigits = (state: number, next: number): void => on(state, ...range('0', '9'), next)
  const otherwise = (state: number, next: number): void => on(state, 0, 255, next)

  onCharacters(start, ' \t\r\n', start)
  for (const byte of structural) on(start, byte, byte, structure)
  onCharacters(start, '"', doubleQuoted)
  onCharacters(start, "'", singleQuoted)
  onCharacters(start, '-', sign)
  onDigits(start, digits)
  onCharacters(start, '0', zero)
  on(start, ...range('a', 'z'), word)

  // Control characters other than TAB, structure, and the bytes that UTF-8 never has, end the recovery.
  otherwise(recovery, recovery)
  on(recovery, 0, 0x1f, start | lookahead)
  onCharacters(recovery, '\t', recovery)
  for (const byte of structural) on(recovery, byte, byte, start | lookahead)
  on(recovery, 0xfe, 0xff, start | lookahead)

  for (const [state, escaped, quote] of [
    [doubleQuoted, doubleQuotedEscape, '"'],
    [singleQuoted, singleQuotedEscape, "'"],
  ] as const) {
    on(state, 0x20, 0xfd, state)
    onCharacters(state, '\\', escaped)
    onCharacters(state, quote, string)
    on(escaped, 0x20, 0xfd, state)
  }

  onDigits(sign, digits)
  onCharacters(sign, '0', zero)
  otherwise(zero, integer | lookahead)
  onDigits(zero, stray)
  onCharacters(zero, '.', point)
  otherwise(digits, integer | lookahead)
  onDigits(digits, digits)
  onCharacters(digits, '.', point)
  onCharacters(digits, 'eE', exponent)
  onDigits(point, fraction)
  otherwise(fraction, float | lookahead)
  onDigits(fraction, fraction)
  onCharacters(fraction, 'eE', exponent)
  onDigits(exponent, exponentDigits)
  onCharacters(exponent, '+-', exponentSign)
  onDigits(exponentSign, exponentDigits)
  otherwise(exponentDigits, float | lookahead)
  onDigits(exponentDigits, exponentDigits)
  otherwise(word, keyword | lookahead)
  on(word, ...range('a', 'z'), word)
  return table
}

/** The next state for `(state << 8) | byte`. */
export const transitions = build()
