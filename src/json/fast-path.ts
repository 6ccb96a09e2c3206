import { startsWithDigit } from '../hash/index.ts'
import { backslash, closeBrace, closeBracket, colon, openBrace, openBracket, quote } from './characters.ts'
import { maxNesting, maxTokens } from './limits.ts'
import type { JsonObject } from './value.ts'

/** Longer messages go the slow way: shorter ones can't exceed the limits of size and token count. */
const longest = maxTokens

/** What a byte outside strings asks for; 0: nothing. */
const slow = 1
const beginsString = 2
const opens = 3
const closes = 4
const separatesName = 5
const letterE = 6
const digitZero = 7

const outside = new Uint8Array(256).fill(slow)
for (const byte of new TextEncoder().encode('\t\n\r ,-123456789abcdfghijklmnopqrstuvwxyz')) outside[byte] = 0
outside[quote] = beginsString
outside[openBrace] = opens
outside[openBracket] = opens
outside[closeBrace] = closes
outside[closeBracket] = closes
outside[colon] = separatesName
outside[0x65] = letterE
outside[0x30] = digitZero

/** What a byte inside a string asks for; 0: nothing. */
const ends = 2
const escapes = 3
const notAscii = 4

const inside = new Uint8Array(256)
inside.fill(slow, 0, 0x20)
// Sequences that begin with C0, ED, EF or F0 and above may be read differently, or not at all, by QEMU.
inside.fill(notAscii, 0x80, 0xef).fill(slow, 0xef)
inside[0xc0] = slow
inside[quote] = ends
inside[backslash] = escapes

/** Escapes that QEMU and JSON.parse read alike; \u is not among them. */
const plainEscapes = new Uint8Array(256)
for (const byte of new TextEncoder().encode('"\\/bfnrt')) plainEscapes[byte] = 1

const minus = 0x2d
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/**
 * Reads objects that are complete in their chunk and in which QEMU and JSON.parse see the same.
 *
 * It declines, so that the slow path decides, whatever only one of the two accepts or both read differently: single
 * quotes, \u escapes, odd UTF-8, doubles, -0, integers beyond 2^53, duplicate names, deep nesting, and names in an order
 * that JavaScript would not keep.
 */
export class FastPath {
  #chunk: Uint8Array = new Uint8Array(0)
  /** The chunk as text if it is all ASCII, so that indices agree; null if it is not; undefined if nobody asked yet. */
  #text: string | null | undefined
  #end = 0
  #members = 0
  #ascii = true

  /** Index behind the last object read, or behind the bytes that were looked at in vain. */
  get end(): number {
    return this.#end
  }

  /** Takes the chunk that is read from now on. */
  open(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#text = undefined
  }

  /** The object whose brace is at `start`, or undefined if it is not one for the fast path. */
  read(start: number): JsonObject | undefined {
    if (!this.#findEnd(start)) return undefined
    let value: object
    try {
      value = JSON.parse(this.#textOf(start, this.#end))
    } catch {
      return undefined // no JSON, or no UTF-8: the slow path knows QEMU's word for it
    }
    return this.#adopt(value) && this.#members === 0 ? (value as JsonObject) : undefined
  }

  /** Sets `#end`, and notes how many members there are and whether all is ASCII; false if the slow path must decide. */
  #findEnd(start: number): boolean {
    const bytes = this.#chunk
    const limit = Math.min(bytes.length, start + longest)
    let depth = 0
    let members = 0
    let ascii = true
    let at = start
    scan: while (at < limit) {
      const byte = bytes[at++]!
      switch (outside[byte]) {
        case 0:
          continue
        case beginsString:
          while (at < limit) {
            const meaning = inside[bytes[at++]!]
            if (meaning === 0) continue
            if (meaning === ends) continue scan
            if (meaning === notAscii) ascii = false
            else if (meaning !== escapes || at === limit || plainEscapes[bytes[at++]!] === 0) break scan
          }
          break scan
        case separatesName:
          members++
          continue
        case opens:
          if (++depth > maxNesting) break scan
          continue
        case closes:
          if (--depth > 0) continue
          this.#end = at
          this.#members = members
          this.#ascii = ascii
          return true
        case letterE: // a word, or an exponent
          if (isDigit(bytes[at - 2]!)) break scan
          continue
        case digitZero:
          if (bytes[at - 2] === minus) break scan
          continue
        default:
          break scan
      }
    }
    this.#end = at
    return false
  }

  #textOf(from: number, to: number): string {
    if (this.#text === undefined) {
      // Each sequence that is not ASCII makes the text shorter, or becomes U+FFFD, byte for byte.
      const text = lenient.decode(this.#chunk)
      this.#text = text.length === this.#chunk.length ? text : null
    }
    if (this.#ascii && this.#text !== null) return this.#text.slice(from, to)
    return strict.decode(this.#chunk.subarray(from, to))
  }

  /**
   * Takes the prototypes off a container and those inside it, and their members off the count: what is left of it are
   * duplicates. False if there is a number or an order of names that the slow path must read.
   */
  #adopt(container: object): boolean {
    if (Array.isArray(container)) {
      for (let index = 0; index < container.length; index++) if (!this.#admits(container[index])) return false
      return true
    }
    Object.setPrototypeOf(container, null)
    let first: string | undefined
    let count = 0
    for (const name in container) {
      if (count++ === 0) first = name
      if (!this.#admits((container as JsonObject)[name])) return false
    }
    this.#members -= count
    return count < 2 || !startsWithDigit(first!)
  }

  #admits(value: unknown): boolean {
    if (typeof value === 'object') return value === null || this.#adopt(value)
    return typeof value !== 'number' || Number.isSafeInteger(value)
  }
}
