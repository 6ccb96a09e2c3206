import type { RequestOptions } from '../open/driver.ts'
import { isZero } from '../zeroes.ts'
import { RangeLocks } from './range-locks.ts'

/** The largest buffer that a copy takes. */
const largestPiece = 2 ** 20

/** An image whose reads are copied into it. */
export interface CopiedInto {
  /** Whether a read would copy the beginning of a range, and how long that beginning is. */
  look(offset: number, length: number): Promise<{ readonly length: number; readonly copies: boolean }>
  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void>
  write(offset: number, bytes: Uint8Array): Promise<void>
  writeZeroes(offset: number, length: number): Promise<void>
}

/** Copies what is read from the images behind an image into the image itself, so that it is read from there the next time. */
export class ReadCopies {
  readonly #image: CopiedInto
  /** A copy must not take the place of what somebody writes meanwhile. */
  readonly #ranges = new RangeLocks()

  constructor(image: CopiedInto) {
    this.#image = image
  }

  /** @throws {BlockError} if something cannot be read, or its copy not be written */
  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    const end = offset + target.byteLength
    for (let at = offset; at < end; ) {
      const { length, copies } = await this.#image.look(at, Math.min(end - at, largestPiece))
      const part = target.subarray(at - offset, at - offset + length)
      if (copies) await this.#copy(at, part, options)
      else await this.#image.readInto(at, part, options)
      at += length
    }
  }

  /** Runs what changes a range while nothing is copied there. */
  changing<T>(offset: number, length: number, work: () => Promise<T>): Promise<T> {
    return this.#ranges.together(offset, length, work)
  }

  #copy(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#ranges.alone(offset, target.byteLength, async () => {
      await this.#image.readInto(offset, target, options)
      for (let at = 0; at < target.byteLength; ) {
        // Somebody may have written it while this waited.
        const { length, copies } = await this.#image.look(offset + at, target.byteLength - at)
        const part = target.subarray(at, at + length)
        if (copies) await this.#write(offset + at, part)
        at += length
      }
    })
  }

  #write(offset: number, bytes: Uint8Array): Promise<void> {
    return isZero(bytes) ? this.#image.writeZeroes(offset, bytes.byteLength) : this.#image.write(offset, bytes)
  }
}
