import type { Driver, DriverLimits, RequestOptions } from '../open/driver.ts'
import { AloneOrTogether } from './alone-or-together.ts'

/** The largest buffer that is made to serve a request which does not fit its driver. */
const largestPiece = 2 ** 20

/**
 * Makes requests fit a driver's limits: cuts long ones into pieces, one after the other, and serves unaligned ones by
 * way of a buffer. An unaligned write runs alone, because it rewrites bytes that are not its own.
 */
export class Shaping {
  readonly #driver: Driver
  readonly #alignment: number
  /** The most bytes that go to the driver at once. */
  readonly #step: number
  readonly #writes = new AloneOrTogether()

  constructor(driver: Driver, { alignment = 1, maxTransfer = Number.POSITIVE_INFINITY }: DriverLimits) {
    this.#driver = driver
    this.#alignment = alignment
    const fitting = Math.max(alignment, maxTransfer - (maxTransfer % alignment) || maxTransfer)
    this.#step = Math.min(fitting, Math.max(largestPiece, alignment))
  }

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    const fits = this.#fits({ begin: offset, end: offset + target.byteLength }) && target.byteLength <= this.#step
    return fits ? this.#driver.readInto(offset, target, options) : this.#readPieces(offset, target, options)
  }

  async #readPieces(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    for (const piece of this.#pieces(offset, target.byteLength)) {
      options?.signal?.throwIfAborted()
      const part = target.subarray(piece.begin - offset, piece.end - offset)
      if (this.#fits(piece)) {
        await this.#driver.readInto(piece.begin, part, options)
        continue
      }
      const { begin, buffer } = await this.#readAround(piece, options)
      part.set(buffer.subarray(piece.begin - begin, piece.end - begin))
    }
  }

  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    const whole = { begin: offset, end: offset + bytes.byteLength }
    if (this.#fits(whole) && bytes.byteLength <= this.#step) {
      return this.#writes.together(() => this.#driver.write(offset, bytes, options))
    }
    const run = async (): Promise<void> => {
      for (const piece of this.#pieces(offset, bytes.byteLength)) {
        options?.signal?.throwIfAborted()
        const part = bytes.subarray(piece.begin - offset, piece.end - offset)
        if (this.#fits(piece)) {
          await this.#driver.write(piece.begin, part, options)
          continue
        }
        const { begin, buffer } = await this.#readAround(piece, options)
        buffer.set(part, piece.begin - begin)
        await this.#driver.write(begin, buffer, options)
      }
    }
    return this.#fits(whole) ? this.#writes.together(run) : this.#writes.alone(run)
  }

  *#pieces(offset: number, length: number): Generator<Piece> {
    const end = offset + length
    for (let begin = offset; begin < end; ) {
      const next = Math.min(end, begin - (begin % this.#alignment) + this.#step)
      yield { begin, end: next }
      begin = next
    }
  }

  #fits({ begin, end }: Piece): boolean {
    return begin % this.#alignment === 0 && end % this.#alignment === 0
  }

  async #readAround(piece: Piece, options?: RequestOptions): Promise<{ begin: number; buffer: Uint8Array }> {
    const begin = piece.begin - (piece.begin % this.#alignment)
    const end = Math.ceil(piece.end / this.#alignment) * this.#alignment
    const buffer = new Uint8Array(end - begin)
    await this.#driver.readInto(begin, buffer, options)
    return { begin, buffer }
  }
}

interface Piece {
  readonly begin: number
  readonly end: number
}
