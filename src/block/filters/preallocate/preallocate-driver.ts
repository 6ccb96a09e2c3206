import { BlockError } from '../../block-error.ts'
import type { Access } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import { Turns } from '../../graph/turns.ts'
import type { ChildRole, NestedOptions, RequestOptions, WriteOptions, ZeroesOptions } from '../../open/driver.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { PassThrough } from '../pass-through.ts'
import { type PreallocateSizes, takeSizes } from './sizes.ts'

/** Where the data ends, and where the file does: between them is room that was taken beforehand, and reads as zeroes. */
interface Ends {
  data: number
  file: number
}

/**
 * Takes room in a file before it is needed: a write behind the end makes the file longer by a good deal more, so that the
 * host's file system can keep it together. Those above see where the data ends; what was too much is given back when
 * nobody writes any more. It does so only while its user may write and resize, and nobody else may.
 */
export class PreallocateDriver extends PassThrough {
  readonly name = 'preallocate'
  readonly resettable = ['prealloc-align', 'prealloc-size']
  #sizes: PreallocateSizes
  #given: NestedOptions
  /** Undefined while others may change the file. */
  #ends: Ends | undefined
  readonly #growth = new Turns()

  constructor(file: BlockNode, { sizes, given }: { readonly sizes: PreallocateSizes; readonly given: NestedOptions }) {
    super(file)
    this.#sizes = sizes
    this.#given = given
  }

  takeChanges(options: OptionBag): () => () => void {
    const given = options.pick(this.resettable)
    const sizes = takeSizes(options)
    return () => {
      const before = { sizes: this.#sizes, given: this.#given }
      this.#sizes = sizes
      this.#given = given
      return () => {
        this.#sizes = before.sizes
        this.#given = before.given
      }
    }
  }

  override fullOptions(): NestedOptions {
    return { driver: this.name, ...this.#given, file: this.below.driver.fullOptions() }
  }

  override get length(): number {
    return this.#ends?.data ?? this.below.length
  }

  override async write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.#reach(offset + bytes.byteLength)
    await super.write(offset, bytes, options)
  }

  override async writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    await this.#reach(offset + length)
    await super.writeZeroes(offset, length, options)
  }

  override truncate(length: number, options?: RequestOptions): Promise<void> {
    return this.#growth.take(async () => {
      // What was taken beforehand may have to go first: nobody asked for it.
      if (this.#ends !== undefined && length > this.#ends.data) await this.#crop(this.#ends)
      await super.truncate(length, options)
      if (this.#ends !== undefined) this.#ends = { data: length, file: length }
    })
  }

  async prepareAccess(access: Access): Promise<void> {
    if (changes(access) || this.#ends === undefined) return
    const ends = this.#ends
    try {
      await this.#growth.take(() => this.#crop(ends))
    } catch (cause) {
      if (!(cause instanceof BlockError)) throw cause
      throw new BlockError(cause.kind, 'Failed to drop preallocation', cause.context, { cause })
    }
    this.#ends = undefined
  }

  async setAccess(access: Access): Promise<void> {
    const { length } = this.below
    if (changes(access)) this.#ends ??= { data: length, file: length }
  }

  childAccess(_role: ChildRole, { uses, shares }: Access): Access {
    return changes({ uses, shares }) ? { uses, shares: shares.filter((each) => each === 'read') } : { uses, shares }
  }

  override async close(): Promise<void> {
    if (this.#ends !== undefined) await this.#crop(this.#ends)
  }

  /** The data is to reach so far: takes more room where there is none. */
  async #reach(end: number): Promise<void> {
    if (this.#ends === undefined || end <= this.#ends.data) return
    await this.#growth.take(async () => {
      const ends = this.#ends
      if (ends === undefined || end <= ends.data) return
      if (end > ends.file) await this.#takeRoom(ends, end)
      ends.data = end
    })
  }

  /** Does without, where the host cannot take room at little cost, or has none. */
  async #takeRoom(ends: Ends, end: number): Promise<void> {
    const { align, size } = this.#sizes
    const wanted = Math.ceil((end + size) / align) * align
    const { file } = ends
    try {
      await this.below.truncate(wanted)
      await this.below.writeZeroes(file, wanted - file, { fast: true })
      ends.file = wanted
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      await this.below.truncate(end)
      ends.file = end
    }
  }

  async #crop(ends: Ends): Promise<void> {
    if (ends.data >= ends.file) return
    await this.below.truncate(ends.data)
    ends.file = ends.data
  }
}

function changes({ uses }: Access): boolean {
  return uses.includes('write') && uses.includes('resize')
}
