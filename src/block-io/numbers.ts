import { parseSize } from '../keyval/index.ts'
import { IoComplaint } from './io-complaint.ts'

/** The most bytes that a request may move: QEMU's `BDRV_REQUEST_MAX_BYTES`. */
export const mostBytes = 2n ** 31n - 512n

/** A number of bytes, perhaps with a suffix. @throws {IoComplaint} */
export function readNumber(text: string, shown = text): bigint {
  const value = parseSize(text)
  if (value === 'malformed') {
    throw new IoComplaint(`Parsing error: non-numeric argument, or extraneous/unrecognized suffix -- ${shown}\n`)
  }
  if (value === 'out of range' || value >= 2n ** 63n) {
    throw new IoComplaint(`Parsing error: argument too large -- ${shown}\n`)
  }
  return value
}

/** A byte that memory is filled with. @throws {IoComplaint} */
export function readPattern(text: string): number {
  const value = readInteger(text)
  if (value === undefined || value < 0n || value > 0xffn) throw new IoComplaint(`${text} is not a valid pattern byte\n`)
  return Number(value)
}

/** As C's strtol() reads a whole word, in the base that it shows; undefined, if it is no number. */
export function readInteger(text: string): bigint | undefined {
  const [, sign = '', digits = ''] = /^[ \t\n\v\f\r]*([+-]?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? []
  if (digits === '') return undefined
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return sign === '-' ? -value : value
}
