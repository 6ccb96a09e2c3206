import { strerror } from '../errno/index.ts'
import { BlockError } from './block-error.ts'
import type { Driver, RequestOptions, ZeroesOptions } from './open/driver.ts'

const largestPiece = 2 ** 20

let zeroes = new Uint8Array(0)

/** Zeroes to write, never to change: one piece of memory for all. At most 1 MiB. */
export function zeroBytes(length: number): Uint8Array {
  if (zeroes.byteLength < length) zeroes = new Uint8Array(largestPiece)
  return zeroes.subarray(0, length)
}

/** Whether all bytes are zero. Nearly always the first byte tells that they are not; otherwise the C library compares. */
export function isZero(bytes: Uint8Array): boolean {
  if (bytes.byteLength > 0 && bytes[0] !== 0) return false
  for (let at = 0; at < bytes.byteLength; at += largestPiece) {
    const piece = bytes.subarray(at, at + largestPiece)
    if (Buffer.compare(piece, zeroBytes(piece.byteLength)) !== 0) return false
  }
  return true
}

/** A part of some bytes that is all zeroes, or in which every step has something else. */
export interface Stretch {
  readonly begin: number
  readonly end: number
  readonly zero: boolean
}

/**
 * Tells zeroes from data, in steps of so many bytes (a multiple of 4).
 *
 * @param offset - where the bytes belong: steps begin at its multiples
 */
export function zeroStretches(bytes: Uint8Array, step: number, offset = 0): Stretch[] {
  const { byteOffset, byteLength } = bytes
  if (byteOffset % 4 !== 0 || byteLength % 4 !== 0) return zeroStretches(bytes.slice(), step, offset)
  const words = new Int32Array(bytes.buffer, byteOffset, byteLength >>> 2)
  const stepWords = step >>> 2
  const stretches: Stretch[] = []
  let begin = 0
  let zero = false
  for (let at = 0, end: number; at < words.length; at = end) {
    end = Math.min(at + stepWords - ((offset / 4 + at) % stepWords), words.length)
    const here = words[at] === 0 && isZero(bytes.subarray(at * 4, end * 4))
    if (here !== zero && at > 0) {
      stretches.push({ begin: begin * 4, end: at * 4, zero })
      begin = at
    }
    zero = here
  }
  stretches.push({ begin: begin * 4, end: byteLength, zero })
  return stretches
}

/** Writes zeroes as bytes, a bounded piece at a time. */
export async function writeZeroBytes(
  target: { write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> },
  offset: number,
  length: number,
  options?: RequestOptions,
): Promise<void> {
  const end = offset + length
  for (let at = offset; at < end; at += largestPiece) {
    options?.signal?.throwIfAborted()
    await target.write(at, zeroBytes(Math.min(largestPiece, end - at)), options)
  }
}

/** The zeroes would have to be written. */
export function notFast(): BlockError {
  return new BlockError('unsupported', strerror('ENOTSUP'), { code: 'ENOTSUP' })
}

/**
 * Has a driver that can do so make a range zero; at the ends, where the range does not fit the driver, zeroes are written,
 * and everywhere if it cannot.
 *
 * @param io - writes whatever the driver's alignment is
 */
export async function writeZeroesAligned(
  driver: Driver,
  io: Pick<Driver, 'write'>,
  offset: number,
  length: number,
  options?: ZeroesOptions,
): Promise<void> {
  const alignment = driver.limits?.alignment ?? 1
  const end = offset + length
  if (driver.writeZeroes === undefined) {
    if (options?.fast === true) throw notFast()
    await writeZeroBytes(io, offset, length, options)
    return
  }
  const fits = offset % alignment === 0 && end % alignment === 0
  if (options?.fast === true && !fits) throw notFast()
  const first = Math.min(end, Math.ceil(offset / alignment) * alignment)
  const last = Math.max(first, end - (end % alignment))
  if (first > offset) await writeZeroBytes(io, offset, first - offset, options)
  if (last > first) await driver.writeZeroes(first, last - first, options)
  if (end > last) await writeZeroBytes(io, last, end - last, options)
}
