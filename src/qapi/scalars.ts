import { type Place, wrongType } from './place.ts'
import { QmpError } from './qmp-error.ts'
import type { Type } from './type.ts'

export const str: Type<string> = {
  name: 'str',
  shape: { meta: 'builtin', jsonType: 'string' },
  decode(value, at) {
    if (typeof value !== 'string') throw wrongType(at, 'string')
    return value
  },
}

export const bool: Type<boolean> = {
  name: 'bool',
  shape: { meta: 'builtin', jsonType: 'boolean' },
  decode(value, at) {
    if (typeof value !== 'boolean') throw wrongType(at, 'boolean')
    return value
  },
}

/** Any number; a handler sees a double. The parser marks doubles without a fraction by boxing them. */
export const number: Type<number> = {
  name: 'number',
  shape: { meta: 'builtin', jsonType: 'number' },
  decode(value, at) {
    if (typeof value === 'number') return value
    if (typeof value === 'bigint' || value instanceof Number) return Number(value)
    throw wrongType(at, 'number')
  },
}

/** Null and nothing else. */
export const nil: Type<null> = {
  name: 'null',
  shape: { meta: 'builtin', jsonType: 'null' },
  decode(value, at) {
    if (value !== null) throw wrongType(at, 'null')
    return value
  },
}

/** Whatever JSON can say. */
export const any: Type<unknown> = {
  name: 'any',
  shape: { meta: 'builtin', jsonType: 'value' },
  decode: (value) => value,
}

/**
 * An integer type whose handlers see a number, the nearest one of the type beyond 2^53: what is only compared with a
 * limit, or is refused whatever it is. `wide` lets them see a bigint where a number would not be exact.
 */
export interface IntegerType extends Type<number> {
  readonly wide: Type<number | bigint>
}

interface IntegerRange {
  readonly bits: 8 | 16 | 32 | 64
  readonly signed: boolean
}

const lowest64 = -(2n ** 63n)
const highest64 = 2n ** 63n - 1n
const highestUnsigned64 = 2n ** 64n - 1n

const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))

/** The largest number that is no more than `limit`, which is one less than a power of two. */
function nearestBelow(limit: bigint): number {
  return Number(limit) * (1 - Number.EPSILON / 2)
}

/** Integers of `range`; 64-bit unsigned ones take negative numbers too, and wrap them, as QEMU does. */
function integerType(name: string, { bits, signed }: IntegerRange): IntegerType {
  const low = signed ? -(2n ** BigInt(bits - 1)) : 0n
  const high = 2n ** BigInt(signed ? bits - 1 : bits) - 1n
  const cName = `${signed ? '' : 'u'}int${bits}_t`
  const lowNumber = bits === 64 && signed ? Number.MIN_SAFE_INTEGER : Number(low)
  const highNumber = bits === 64 ? Number.MAX_SAFE_INTEGER : Number(high)
  // What lies in a type's range has a number that lies there, too.
  const [lowNearest, highNearest] = [Number(low), bits === 64 ? nearestBelow(high) : Number(high)]
  const notAnInteger = (at: Place): QmpError =>
    signed ? wrongType(at, 'integer') : new QmpError('GenericError', `Parameter '${at.path || at.leaf}' expects uint64`)

  const decodeWide = (value: unknown, at: Place): number | bigint => {
    if (typeof value === 'number' && value >= lowNumber && value <= highNumber && Number.isInteger(value)) return value
    if (!isInteger(value)) throw notAnInteger(at)
    const big = BigInt(value)
    // QEMU reads 64 bits first, and complains of the smaller type after that.
    if (big < lowest64 || big > (signed ? highest64 : highestUnsigned64)) throw notAnInteger(at)
    if (bits !== 64) {
      if (big >= low && big <= high) return Number(big)
      throw new QmpError('GenericError', `Parameter '${at.leaf}' expects ${cName}`)
    }
    return big < low ? big + 2n ** 64n : big
  }
  const shape = { meta: 'builtin', jsonType: 'int' } as const
  return {
    name,
    shape,
    decode: (value, at) => Math.max(lowNearest, Math.min(highNearest, Number(decodeWide(value, at)))),
    wide: { name, shape: { ...shape, wide: true }, decode: decodeWide },
  }
}

export const int = integerType('int', { bits: 64, signed: true })
export const int8 = integerType('int8', { bits: 8, signed: true })
export const int16 = integerType('int16', { bits: 16, signed: true })
export const int32 = integerType('int32', { bits: 32, signed: true })
export const int64 = integerType('int64', { bits: 64, signed: true })
export const uint8 = integerType('uint8', { bits: 8, signed: false })
export const uint16 = integerType('uint16', { bits: 16, signed: false })
export const uint32 = integerType('uint32', { bits: 32, signed: false })
export const uint64 = integerType('uint64', { bits: 64, signed: false })
/** A number of bytes. */
export const size = integerType('size', { bits: 64, signed: false })
