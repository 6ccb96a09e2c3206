import { HmpError } from './hmp-error.ts'
import { atEnd, type Cursor, isSpace, peek, skipSpace } from './words.ts'

/** Reads a register by its name; undefined if no register is called that. */
export type RegisterValue = (name: string) => bigint | undefined

/**
 * Reads an integer expression, in 64 bits with a sign: numbers as C writes them, characters, registers (`$eip`), `+ - ~`
 * in front, and between two of them `* / %`, then `& | ^`, then `+ -`, each from the left.
 *
 * Space behind the expression is read too.
 *
 * @throws {HmpError} if it is not an expression
 */
export function takeExpression(cursor: Cursor, registerValue: RegisterValue): bigint {
  skipSpace(cursor)
  return new Parser(cursor, registerValue).sum()
}

const signed = (value: bigint): bigint => BigInt.asIntN(64, value)

/** How deep an expression may nest; QEMU has no limit but its stack. */
const deepest = 1000

class Parser {
  readonly #cursor: Cursor
  readonly #registerValue: RegisterValue
  #depth = 0

  constructor(cursor: Cursor, registerValue: RegisterValue) {
    this.#cursor = cursor
    this.#registerValue = registerValue
  }

  sum(): bigint {
    let value = this.#logic()
    for (;;) {
      const operator = peek(this.#cursor)
      if (operator !== '+' && operator !== '-') return value
      this.#next()
      const right = this.#logic()
      value = signed(operator === '+' ? value + right : value - right)
    }
  }

  #logic(): bigint {
    let value = this.#product()
    for (;;) {
      const operator = peek(this.#cursor)
      if (operator !== '&' && operator !== '|' && operator !== '^') return value
      this.#next()
      const right = this.#product()
      value = operator === '&' ? value & right : operator === '|' ? value | right : value ^ right
    }
  }

  #product(): bigint {
    let value = this.#unary()
    for (;;) {
      const operator = peek(this.#cursor)
      if (operator !== '*' && operator !== '/' && operator !== '%') return value
      this.#next()
      const right = this.#unary()
      if (operator === '*') {
        value = signed(value * right)
        continue
      }
      if (right === 0n) throw new HmpError('division by zero')
      value = signed(operator === '/' ? value / right : value % right)
    }
  }

  #unary(): bigint {
    if (++this.#depth > deepest) throw new HmpError('expression is nested too deeply')
    const value = this.#operand()
    this.#depth--
    return value
  }

  #operand(): bigint {
    switch (peek(this.#cursor)) {
      case '+':
        this.#next()
        return this.#unary()
      case '-':
        this.#next()
        return signed(-this.#unary())
      case '~':
        this.#next()
        return ~this.#unary()
      case '(':
        return this.#group()
      case "'":
        return this.#character()
      case '$':
        return this.#register()
      case '':
        throw new HmpError('unexpected end of expression')
      default:
        return this.#number()
    }
  }

  #group(): bigint {
    this.#next()
    const value = this.sum()
    if (peek(this.#cursor) !== ')') throw new HmpError("')' expected")
    this.#next()
    return value
  }

  #character(): bigint {
    const cursor = this.#cursor
    cursor.position++
    if (atEnd(cursor)) throw new HmpError('character constant expected')
    const value = BigInt(peek(cursor).charCodeAt(0))
    // QEMU reads bytes: what is not ASCII has several.
    if (value > 0x7fn) throw new HmpError("missing terminating ' character")
    cursor.position++
    if (peek(cursor) !== "'") throw new HmpError("missing terminating ' character")
    this.#next()
    return value
  }

  #register(): bigint {
    const cursor = this.#cursor
    cursor.position++
    const name = /^[A-Za-z0-9_.]*/.exec(cursor.line.slice(cursor.position))![0]
    cursor.position += name.length
    skipSpace(cursor)
    const value = this.#registerValue(name)
    if (value === undefined) throw new HmpError('unknown register')
    return value
  }

  /** As strtoull() with base 0: hexadecimal, octal or decimal; `0x` alone is 0, and the x is left. */
  #number(): bigint {
    const cursor = this.#cursor
    const [text = ''] = /^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)?/.exec(cursor.line.slice(cursor.position))!
    if (text === '') throw new HmpError(`invalid char '${firstByte(peek(cursor))}' in expression`)
    const octal = text.length > 1 && /^0[0-7]+$/.test(text)
    const value = BigInt(octal ? `0o${text.slice(1)}` : text)
    if (value >= 1n << 64n) throw new HmpError('number too large')
    cursor.position += text.length
    skipSpace(cursor)
    return signed(value)
  }

  #next(): void {
    const cursor = this.#cursor
    if (!atEnd(cursor)) cursor.position++
    while (isSpace(peek(cursor))) cursor.position++
  }
}

/** A character as QEMU quotes it, which shows its first byte: of one that is not ASCII, that is none by itself. */
function firstByte(character: string): string {
  return character > '\u007f' ? '\ufffd' : character
}
