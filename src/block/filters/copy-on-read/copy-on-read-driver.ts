import type { Access } from '../../graph/access.ts'
import { allocation, skipFilters } from '../../graph/allocation.ts'
import type { BlockNode } from '../../graph/node.ts'
import { RangeLocks } from '../../graph/range-locks.ts'
import type { ChildRole, NestedOptions, RequestOptions, WriteOptions, ZeroesOptions } from '../../open/driver.ts'
import { isZero } from '../../zeroes.ts'
import { PassThrough } from '../pass-through.ts'

/** The largest buffer that a copy takes. */
const largestPiece = 2 ** 20

export interface CopyOnReadOptions {
  /** What this image and those behind it hold is not copied, but for its own. Default: everything is. */
  readonly bottom?: BlockNode | undefined
  /** It is there for a job alone. */
  readonly implicit?: boolean
  /** Whoever reads may not have asked for it. Default: those who have not do not. */
  readonly always?: boolean
}

/** Copies what is read from the images behind into the image itself, so that it is read from there the next time. */
export class CopyOnReadDriver extends PassThrough {
  readonly name = 'copy-on-read'
  readonly implicit: boolean
  readonly #bottom: BlockNode | undefined
  readonly #always: boolean
  #copies = true
  /** A copy must not take the place of what somebody writes meanwhile. */
  readonly #ranges = new RangeLocks()

  constructor(file: BlockNode, { bottom, implicit = false, always = false }: CopyOnReadOptions = {}) {
    super(file)
    this.#bottom = bottom
    this.implicit = implicit
    this.#always = always
  }

  override get filename(): string | undefined {
    return this.implicit ? this.below.driver.filename : undefined
  }

  override fullOptions(): NestedOptions {
    if (this.implicit) return this.below.driver.fullOptions()
    const bottom = this.#bottom === undefined ? {} : { bottom: this.#bottom.name }
    return { driver: this.name, ...bottom, file: this.below.driver.fullOptions() }
  }

  override async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    const end = offset + target.byteLength
    for (let at = offset; at < end; ) {
      const { length, copies } = this.#copies
        ? await this.look(at, Math.min(end - at, largestPiece))
        : { length: end - at, copies: false }
      const part = target.subarray(at - offset, at - offset + length)
      if (copies) await this.#copy(at, part, options)
      else await this.below.readInto(at, part, options)
      at += length
    }
  }

  /** Whether a read would copy the beginning of a range, and how long that beginning is. */
  async look(offset: number, length: number): Promise<{ readonly length: number; readonly copies: boolean }> {
    const image = skipFilters(this.below)
    const own = await allocation(image, image, offset, length)
    const behind = image.behind
    const bottom = this.#bottom
    if (own.allocated) return { length: own.length, copies: false }
    if (bottom === undefined) return { length: own.length, copies: true }
    if (behind === undefined || bottom === image) return { length: own.length, copies: false }
    const above = await allocation(behind, bottom, offset, own.length)
    return { length: above.length, copies: above.allocated || behind.length <= offset }
  }

  override write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    return this.#ranges.together(offset, bytes.byteLength, () => super.write(offset, bytes, options))
  }

  override writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#ranges.together(offset, length, () => super.writeZeroes(offset, length, options))
  }

  override discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#ranges.together(offset, length, () => super.discard(offset, length, options))
  }

  /** What it copies it writes. */
  childAccess(_role: ChildRole, { uses, shares }: Access): Access {
    if (!this.#copies || this.below.readOnly || uses.includes('write')) return { uses, shares }
    if (!this.#always && uses.length === 0) return { uses, shares }
    return { uses: [...uses, 'write'], shares }
  }

  retire(): void {
    this.#copies = false
  }

  #copy(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#ranges.alone(offset, target.byteLength, async () => {
      await this.below.readInto(offset, target, options)
      for (let at = 0; at < target.byteLength; ) {
        // Somebody may have written it while this waited.
        const { length, copies } = await this.look(offset + at, target.byteLength - at)
        const part = target.subarray(at, at + length)
        if (copies)
          await (isZero(part) ? this.below.writeZeroes(offset + at, length) : this.below.write(offset + at, part))
        at += length
      }
    })
  }
}
