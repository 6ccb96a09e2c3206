import { parseSize } from '../../keyval/index.ts'
import { ProgramError } from '../program-error.ts'

const largest = 2n ** 63n - 1n

/**
 * A number of bytes, perhaps with a suffix, as QEMU's tools read it.
 *
 * @param what - what it is the number of, as a complaint names it
 * @throws {ProgramError} if it is none, or not between the limits
 */
export function readInteger(what: string, text: string, { min = 0n, max = largest } = {}): bigint {
  const value = parseSize(text)
  if (value === 'malformed') {
    throw new ProgramError(
      `Invalid ${what} specified. You may use k, M, G, T, P or E suffixes for\n` +
        'vmon img: kilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.',
    )
  }
  if (value === 'out of range' || value < min || value > max) {
    throw new ProgramError(`Invalid ${what} specified. Must be between ${min} and ${max}.`)
  }
  return value
}

/** As `readInteger()`, where what is beyond 2^53 is as good as its neighbours. @throws {ProgramError} */
export function readNumber(what: string, text: string, limits: { min?: bigint; max?: bigint } = {}): number {
  return Number(readInteger(what, text, limits))
}

/** As large as a count may be: it is an `int` in QEMU. */
export const largestCount = 2 ** 31 - 1

/**
 * A number of things: digits, or hexadecimal ones behind `0x`.
 *
 * @throws {ProgramError} if it is none, or not between `min` and `max`
 */
export function readCount(what: string, text: string, { min = 0, max = largestCount } = {}): number {
  const value = /^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new ProgramError(`Invalid ${what} specified`)
}
