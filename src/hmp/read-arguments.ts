import { parseSize } from '../keyval/index.ts'
import { type RegisterValue, takeExpression } from './expression.ts'
import type { Format, FormatLetter, HmpMember } from './hmp-command.ts'
import { HmpError } from './hmp-error.ts'
import { atEnd, type Cursor, isSpace, peek, skipSpace, takeUntil, takeWord } from './words.ts'

/** What a line leaves out of a format is as in the line before, whichever monitor that was in. */
export interface FormatMemory {
  format: FormatLetter
  size: 1 | 2 | 4 | 8
}

export interface ReadingSurroundings {
  readonly registerValue: RegisterValue
  readonly formats: FormatMemory
}

/** The name that complaints begin with: `quit|q`. */
export type ShownName = string

/**
 * Reads the arguments of a command from the rest of its line, in declared order; each is complained of before the next
 * is looked at. What is left out is absent from the result, but for switches without a word, which are false.
 *
 * @throws {HmpError} at the first that cannot be read, and if anything is left at the end
 */
export function readArguments(
  name: ShownName,
  members: readonly HmpMember[],
  cursor: Cursor,
  surroundings: ReadingSurroundings,
): Record<string, unknown> {
  const args: Record<string, unknown> = {}
  for (const member of members) {
    const value =
      member.letter === '-' ? readSwitch(name, member, cursor) : readValue(name, member, cursor, surroundings)
    if (value !== undefined) args[member.name] = value
  }
  skipSpace(cursor)
  if (!atEnd(cursor)) throw new HmpError(`${name}: extraneous characters at the end of line`)
  return args
}

function readValue(name: ShownName, member: HmpMember, cursor: Cursor, surroundings: ReadingSurroundings): unknown {
  skipSpace(cursor)
  if (member.optional === '?' && atEnd(cursor)) return undefined
  if (member.optional === '.') {
    if (peek(cursor) !== '.') return undefined
    cursor.position++
    skipSpace(cursor)
  }
  switch (member.letter) {
    case 'B':
      return wordOr(`${name}: block device name expected`, cursor)
    case 'F':
      return wordOr(`${name}: filename expected`, cursor)
    case 's':
      return wordOr(`${name}: string expected`, cursor)
    case 'S':
      return readRest(name, cursor)
    case 'O': {
      const word = takeWord(cursor)
      return word === 'missing' ? '' : word.word
    }
    case 'o':
      return readSize(cursor)
    case 'b':
      return readBoolean(cursor)
    case '/':
      return readFormat(cursor, surroundings.formats)
    case 'i': {
      const value = takeExpression(cursor, surroundings.registerValue)
      if (BigInt.asUintN(64, value) >> 32n !== 0n)
        throw new HmpError(`'${name}' has failed: integer is for 32-bit values`)
      return value
    }
    case 'M': {
      const value = takeExpression(cursor, surroundings.registerValue)
      if (value < 0n) throw new HmpError('enter a positive value')
      return BigInt.asIntN(64, value << 20n)
    }
    default:
      return takeExpression(cursor, surroundings.registerValue)
  }
}

function wordOr(complaint: string, cursor: Cursor): string {
  const word = takeWord(cursor)
  if (word === 'missing') throw new HmpError(complaint)
  return word.word
}

function readRest(name: ShownName, cursor: Cursor): string {
  if (atEnd(cursor)) throw new HmpError(`${name}: string expected`)
  const rest = cursor.line.slice(cursor.position)
  cursor.position = cursor.line.length
  return rest
}

/** A size in bytes: as far as it reads as one; without a suffix it is in MiB. */
function readSize(cursor: Cursor): bigint {
  const rest = cursor.line.slice(cursor.position)
  const [text, digits = '', suffix = ''] = /^\+?(0x[0-9a-f]+|[0-9]+(?:\.[0-9]*)?)([bkmgtpe]?)/i.exec(rest) ?? ['']
  const size = text === '' ? 'malformed' : parseSize(digits + (suffix || (/^0x/i.test(digits) ? '' : 'M')))
  const scaled = typeof size === 'bigint' && suffix === '' && /^0x/i.test(digits) ? size << 20n : size
  if (typeof scaled !== 'bigint' || scaled >= 1n << 63n) throw new HmpError('invalid size')
  cursor.position += text.length
  return scaled
}

function readBoolean(cursor: Cursor): boolean {
  const word = takeUntil(cursor, (character) => character <= ' ' || character > '~')
  if (word !== 'on' && word !== 'off') throw new HmpError("Expected 'on' or 'off'")
  return word === 'on'
}

const sizes: Readonly<Record<string, FormatMemory['size']>> = { b: 1, h: 2, w: 4, g: 8, L: 8 }

function readFormat(cursor: Cursor, memory: FormatMemory): Format {
  if (peek(cursor) !== '/') {
    return { count: 1, format: memory.format, size: memory.format === 'i' ? undefined : memory.size }
  }
  cursor.position++
  const digits = takeUntil(cursor, (character) => character < '0' || character > '9')
  let format: FormatLetter | undefined
  let size: FormatMemory['size'] | undefined
  for (;;) {
    const letter = peek(cursor)
    if (letter !== '' && 'oduxic'.includes(letter)) format = letter as FormatLetter
    else if (sizes[letter] !== undefined) size = sizes[letter]
    else break
    cursor.position++
  }
  if (!atEnd(cursor) && !isSpace(peek(cursor))) throw new HmpError(`invalid char in format: '${peek(cursor)}'`)
  format ??= memory.format
  if (format !== 'i') {
    size ??= memory.size
    memory.size = size
  }
  memory.format = format
  return { count: digits === '' ? 1 : Number(BigInt.asIntN(32, BigInt(digits))), format, size }
}

/**
 * A switch may stand where its turn is; what may be another one, because its letter stands behind a dash anywhere in
 * what is still to come, makes it absent.
 */
function readSwitch(name: ShownName, member: HmpMember, cursor: Cursor): unknown {
  const absent = member.worded ? undefined : false
  skipSpace(cursor)
  if (peek(cursor) !== '-') return absent
  const letter = cursor.line[cursor.position + 1] ?? ''
  if (letter !== member.flag) {
    if (member.tail?.includes(`-${letter}`) === true) return absent
    // Without a letter, the end of QEMU's line is lost.
    throw new HmpError(`${name}: unsupported option -${letter}`, { ended: letter !== '' })
  }
  cursor.position += 2
  if (!member.worded) return true
  return wordOr(`${name}: value expected for -${letter}`, cursor)
}
