import { BlockError } from '../../block-error.ts'
import type {
  BlockStatus,
  ChildRole,
  Driver,
  ImageDetails,
  NestedOptions,
  RequestOptions,
  ZeroesOptions,
} from '../../driver.ts'
import type { BlockNode } from '../../node.ts'
import type { OptionValues } from '../../option-bag.ts'
import { probeFormat, probeLength } from '../probe.ts'

export interface RawOptions {
  readonly offset: number
  /** Undefined: as long as the node below. */
  readonly size: number | undefined
  readonly probed: boolean
  /** Offset and size as the user wrote them. */
  readonly given: OptionValues
}

const sector = 512

/**
 * Passes requests on to the node below, moved by an offset.
 *
 * If the format was guessed, the guest must not be able to turn the image into one of another format: its header could
 * name any file of the host as backing file, and the next probe would believe it. Such writes are refused.
 */
export class RawDriver implements Driver {
  readonly name = 'raw'
  readonly changesFile = true
  #file: BlockNode
  readonly #offset: number
  readonly #probed: boolean
  readonly #given: OptionValues
  readonly #size: number | undefined

  constructor(file: BlockNode, options: RawOptions) {
    this.#file = file
    this.#given = options.given
    this.#offset = options.offset
    this.#size = options.size
    this.#probed = options.probed
  }

  get children(): ReadonlyMap<ChildRole, BlockNode> {
    return new Map([['file', this.#file]])
  }

  setChild(_role: ChildRole, child: BlockNode | undefined): void {
    if (child !== undefined) this.#file = child
  }

  get length(): number {
    const available = this.#file.length - this.#offset
    return this.#size ?? available - (available % sector)
  }

  get filename(): string | undefined {
    return Object.keys(this.#given).length > 0 ? undefined : this.#file.driver.filename
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, ...this.#given, file: this.#file.driver.fullOptions() }
  }

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    this.#file.driver.debugEvent?.('read_aio')
    return this.#file.readInto(this.#offset + offset, target, options)
  }

  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    if (this.#probed && offset < probeLength && bytes.byteLength > 0) return this.#writeStart(offset, bytes, options)
    this.#file.driver.debugEvent?.('write_aio')
    return this.#file.write(this.#offset + offset, bytes, options)
  }

  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#file.writeZeroes(this.#offset + offset, length, options)
  }

  discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#file.discard(this.#offset + offset, length, options)
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#file.status(this.#offset + offset, length)
  }

  flush(options?: RequestOptions): Promise<void> {
    for (const event of ['flush_to_os', 'flush_to_disk'] as const) this.#file.driver.debugEvent?.(event)
    return this.#file.flush(options)
  }

  async truncate(length: number, options?: RequestOptions): Promise<void> {
    if (this.#size !== undefined) {
      throw new BlockError('unsupported', 'Cannot resize fixed-size raw disks', { filename: this.#file.filename })
    }
    await this.#file.truncate(this.#offset + length, options)
  }

  details(): Promise<ImageDetails> {
    return this.#file.details()
  }

  async close(): Promise<void> {}

  /** A write to the part of the image that a probe looks at. */
  async #writeStart(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    const head = await this.#file.read(this.#offset, Math.min(probeLength, this.length), options)
    head.set(bytes.subarray(0, head.byteLength - offset), offset)
    const format = probeFormat(head)
    if (format !== this.name) {
      throw new BlockError('permission', `A probed raw image must not become ${format}`, {
        filename: this.#file.filename,
        offset,
        code: 'EPERM',
      })
    }
    this.#file.driver.debugEvent?.('write_aio')
    await this.#file.write(this.#offset + offset, bytes, options)
  }
}
