/** Where a reader stands in a line; the functions below move it. */
export interface Cursor {
  readonly line: string
  position: number
}

/** A word between quotation marks that never ends, or has an escape that there is not. QEMU tells its own log, not the user. */
export type Word = { readonly word: string } | 'missing'

export function cursorOn(line: string, position = 0): Cursor {
  return { line, position }
}

/** The character at the cursor; '' at the end of the line. */
export function peek(cursor: Cursor): string {
  return cursor.line[cursor.position] ?? ''
}

export function atEnd(cursor: Cursor): boolean {
  return cursor.position >= cursor.line.length
}

/** What C's isspace() takes for space. */
export function isSpace(character: string): boolean {
  return character !== '' && ' \t\n\v\f\r'.includes(character)
}

export function skipSpace(cursor: Cursor): void {
  while (isSpace(peek(cursor))) cursor.position++
}

/** The characters from here to the first that `ends`, or to the end of the line. */
export function takeUntil(cursor: Cursor, ends: (character: string) => boolean): string {
  const start = cursor.position
  while (!atEnd(cursor) && !ends(peek(cursor))) cursor.position++
  return cursor.line.slice(start, cursor.position)
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\', "'": "'", '"': '"' }

/**
 * Reads a word: to the next space, or between quotation marks, where a backslash escapes. `missing` at the end of the
 * line, and for what cannot be a word (no closing quotation mark, an unknown escape).
 */
export function takeWord(cursor: Cursor): Word {
  skipSpace(cursor)
  if (atEnd(cursor)) return 'missing'
  if (peek(cursor) !== '"') return { word: takeUntil(cursor, isSpace) }
  cursor.position++
  let word = ''
  while (peek(cursor) !== '"') {
    if (atEnd(cursor)) return 'missing'
    let character = peek(cursor)
    if (character === '\\') {
      cursor.position++
      const escaped = escapes[peek(cursor)]
      if (escaped === undefined) return 'missing'
      character = escaped
    }
    word += character
    cursor.position++
  }
  cursor.position++
  return { word }
}

/**
 * Reads the name of a command: a slash ends it too, because `x/4` is `x /4`. Undefined at the end of the line; empty in
 * front of a slash.
 */
export function takeCommandName(cursor: Cursor): string | undefined {
  skipSpace(cursor)
  if (atEnd(cursor)) return undefined
  return takeUntil(cursor, (character) => character === '/' || isSpace(character))
}
