import { parseSize } from '../../keyval/index.ts'
import { ImgError } from './img-error.ts'

const largest = 2n ** 63n - 1n

/**
 * A number of bytes, perhaps with a suffix, as QEMU's tools read it.
 *
 * @param what - what it is the number of, as a complaint names it
 * @throws {ImgError} if it is none, or not between the limits
 */
export function readNumber(what: string, text: string, { min = 0n, max = largest } = {}): number {
  const value = parseSize(text)
  if (value === 'malformed') {
    throw new ImgError(
      `Invalid ${what} specified. You may use k, M, G, T, P or E suffixes for\n` +
        'vmon img: kilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.',
    )
  }
  if (value === 'out of range' || value < min || value > max) {
    throw new ImgError(`Invalid ${what} specified. Must be between ${min} and ${max}.`)
  }
  return Number(value)
}

/** As large as a count may be: it is an `int` in QEMU. */
export const largestCount = 2 ** 31 - 1

/**
 * A number of things: digits, or hexadecimal ones behind `0x`.
 *
 * @throws {ImgError} if it is none, or not between `min` and `max`
 */
export function readCount(what: string, text: string, { min = 0, max = largestCount } = {}): number {
  const value = /^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new ImgError(`Invalid ${what} specified`)
}

const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/** A number of bytes for people: three digits, or four without a fraction (`1.5 GiB`). */
export function sizeText(bytes: number): string {
  // The unit in which there are less than 1000 of it, for then three digits show it well.
  let unit = 0
  let value = bytes
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${threeDigits(value)} ${units[unit]}B`
}

/** `%0.3g` of the C library. */
function threeDigits(value: number): string {
  const rounded = roundedToEven(value)
  return rounded >= 1000 ? rounded.toExponential().replace(/e\+(\d)$/, 'e+0$1') : String(rounded)
}

/** Where two neighbours are as near, the C library takes the even one; JavaScript takes the larger one. */
function roundedToEven(value: number): number {
  if (value === 0) return 0
  const scale = 10 ** (2 - Math.floor(Math.log10(value)))
  const below = Math.floor(value * scale)
  const isTie = value * scale - below === 0.5
  return isTie && below % 2 === 0 ? below / scale : Number(value.toPrecision(3))
}
