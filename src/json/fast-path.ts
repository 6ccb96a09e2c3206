/** A message that was read, or (without a value) the white space before one that must be read slowly. */
export interface FastMessage {
  readonly value?: object
  /** Index behind what was read. */
  readonly end: number
}

/** Objects nested deeper than this are read slowly: the fast path recurses. */
const depthLimit = 64
/** Integers with more digits may not fit a number. */
const digitLimit = 15

const Slow = 1
const Quote = 2
const Open = 3
const Close = 4
const Digit = 5
const Colon = 6
const LetterE = 7

/** What each ASCII character means outside strings; 0: nothing to look at. */
const classes = new Uint8Array(128)
classes.fill(Slow, 0, 0x20)
for (const space of '\t\n\r ') classes[space.charCodeAt(0)] = 0
for (const character of "'.E+-\\\x7f") classes[character.charCodeAt(0)] = Slow
for (const digit of '0123456789') classes[digit.charCodeAt(0)] = Digit
classes[0x22] = Quote
classes[0x7b] = Open
classes[0x5b] = Open
classes[0x7d] = Close
classes[0x5d] = Close
classes[0x3a] = Colon
classes[0x65] = LetterE

/**
 * Reads an object that is written in plain JSON, if it is complete and nothing in it is read differently by QEMU:
 * doubles, negative or long integers, single quotes, escapes, other characters than ASCII, duplicate keys.
 *
 * @returns undefined if the message must go the slow way
 */
export function readFast(text: string, start: number): FastMessage | undefined {
  let at = start
  while (isSpace(text.charCodeAt(at))) at++
  if (text.charCodeAt(at) !== 0x7b) return at === start ? undefined : { end: at }
  const found = findEnd(text, at)
  if (found === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text.slice(at, found.end))
  } catch {
    return undefined // not JSON: the slow path knows QEMU's word for it
  }
  const count = withoutPrototypes(value as object)
  return count === found.members ? { value: value as object, end: found.end } : undefined
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** Where the object that begins at `start` ends, and how many members it and those inside have. */
function findEnd(text: string, start: number): { end: number; members: number } | undefined {
  let depth = 0
  let digits = 0
  let members = 0
  for (let at = start; at < text.length; at++) {
    const meaning = classes[text.charCodeAt(at)]!
    if (meaning === Digit) {
      if (++digits > digitLimit) return undefined
      continue
    }
    if (meaning === LetterE && digits > 0) return undefined
    digits = 0
    if (meaning === 0 || meaning === LetterE) continue
    if (meaning === Quote) {
      at = endOfString(text, at + 1)
      if (at < 0) return undefined
    } else if (meaning === Colon) {
      members++
    } else if (meaning === Open) {
      if (++depth > depthLimit) return undefined
    } else if (meaning === Close) {
      if (--depth === 0) return { end: at + 1, members }
    } else {
      return undefined
    }
  }
  return undefined
}

/** The closing quote of a string of plain ASCII without escapes, or -1. */
function endOfString(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at
    if (code === 0x5c || code < 0x20 || code > 0x7f) return -1
  }
  return -1
}

/** Takes the prototypes off an object and those inside it; returns how many members there are in all. */
function withoutPrototypes(value: object): number {
  let members = 0
  if (Array.isArray(value)) {
    for (const element of value)
      if (typeof element === 'object' && element !== null) members += withoutPrototypes(element)
    return members
  }
  Object.setPrototypeOf(value, null)
  for (const key in value) {
    members++
    const member = (value as Record<string, unknown>)[key]
    if (typeof member === 'object' && member !== null) members += withoutPrototypes(member)
  }
  return members
}
