import type { Access } from '../../graph/access.ts'
import { allocation, skipFilters } from '../../graph/allocation.ts'
import type { BlockNode } from '../../graph/node.ts'
import { ReadCopies } from '../../graph/read-copies.ts'
import type { ChildRole, NestedOptions, RequestOptions, WriteOptions, ZeroesOptions } from '../../open/driver.ts'
import { PassThrough } from '../pass-through.ts'

export interface CopyOnReadOptions {
  /** What this image and those behind it hold is not copied, but for its own. Default: everything is. */
  readonly bottom?: BlockNode | undefined
  /** It is there for a job alone. */
  readonly implicit?: boolean
}

/** Copies what is read from the images behind into the image itself, so that it is read from there the next time. */
export class CopyOnReadDriver extends PassThrough {
  readonly name = 'copy-on-read'
  readonly implicit: boolean
  readonly #bottom: BlockNode | undefined
  #copies = true
  readonly #reads = new ReadCopies({
    look: (offset, length) => this.look(offset, length),
    readInto: (offset, target, options) => this.below.readInto(offset, target, options),
    write: (offset, bytes) => this.below.write(offset, bytes, { unchanged: true }),
    writeZeroes: (offset, length) => this.below.writeZeroes(offset, length, { unchanged: true }),
  })

  constructor(file: BlockNode, { bottom, implicit = false }: CopyOnReadOptions = {}) {
    super(file)
    this.#bottom = bottom
    this.implicit = implicit
  }

  override get filename(): string | undefined {
    return this.implicit ? this.below.driver.filename : undefined
  }

  override fullOptions(): NestedOptions {
    if (this.implicit) return this.below.driver.fullOptions()
    const bottom = this.#bottom === undefined ? {} : { bottom: this.#bottom.name }
    return { driver: this.name, ...bottom, file: this.below.driver.fullOptions() }
  }

  override readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#reads.readInto(offset, target, options)
  }

  /** Whether a read would copy the beginning of a range, and how long that beginning is. */
  async look(offset: number, length: number): Promise<{ readonly length: number; readonly copies: boolean }> {
    if (!this.#copies) return { length, copies: false }
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
    return this.#reads.changing(offset, bytes.byteLength, () => super.write(offset, bytes, options))
  }

  get compressionRefusal(): string | undefined {
    return this.below.driver.compressionRefusal
  }

  writeCompressed(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#reads.changing(offset, bytes.byteLength, () => this.below.writeCompressed(offset, bytes, options))
  }

  override writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#reads.changing(offset, length, () => super.writeZeroes(offset, length, options))
  }

  override discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#reads.changing(offset, length, () => super.discard(offset, length, options))
  }

  /** What it copies it writes. */
  childAccess(_role: ChildRole, { uses, shares }: Access): Access {
    return { uses: this.#copies ? [...new Set([...uses, 'write-unchanged' as const])] : uses, shares }
  }

  retire(): void {
    this.#copies = false
  }
}
