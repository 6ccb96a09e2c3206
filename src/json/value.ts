import type { Double } from './double.ts'

/**
 * What the parser delivers.
 *
 * Integers (64 bits, signed or not) are numbers where that is exact, and bigints beyond 2^53; an integer is never -0.
 * Doubles are numbers, boxed as {@link Double} if they have no fraction; `1e309` is Infinity.
 */
export type JsonValue = null | boolean | number | bigint | Double | string | readonly JsonValue[] | JsonObject

/** Has no prototype, so that no name is special: not `__proto__`, not `constructor`. */
export interface JsonObject {
  readonly [name: string]: JsonValue
}

/** What came from the peer: a value, or QEMU's text on why the input is none. */
export type JsonMessage = { readonly value: JsonValue } | { readonly error: string }
