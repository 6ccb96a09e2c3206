import { type Double, doubleOf } from './double.ts'
import { asciiText } from './short-text.ts'

const minus = 0x2d
/** As many digits fit a number in any case. */
const safeDigits = 15
/** Digits of 2^64 - 1, the largest integer. */
const mostDigits = 20
const largest = 2n ** 64n - 1n
const lowest = -(2n ** 63n)

/** An integer of 64 bits, signed or not; what does not fit is a double, as in QEMU. */
export function integerValue(bytes: Uint8Array, from: number, to: number): number | bigint | Double {
  const negative = bytes[from] === minus
  const firstDigit = negative ? from + 1 : from
  if (to - firstDigit <= safeDigits) {
    let value = 0
    for (let at = firstDigit; at < to; at++) value = value * 10 + bytes[at]! - 0x30
    return negative && value !== 0 ? -value : value
  }
  const text = asciiText(bytes, from, to)
  if (to - firstDigit <= mostDigits) {
    const exact = BigInt(text)
    if (exact >= lowest && exact <= largest) return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
  }
  return doubleOf(Number(text))
}

/** A number with a fraction or an exponent. */
export function floatValue(bytes: Uint8Array, from: number, to: number): number | Double {
  return doubleOf(Number(asciiText(bytes, from, to)))
}
