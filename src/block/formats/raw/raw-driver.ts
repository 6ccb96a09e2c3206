import { strerror } from '../../../errno/index.ts'
import { BlockError } from '../../block-error.ts'
import { type Access, keepingLength } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import type {
  BlockStatus,
  ChildRole,
  Driver,
  ImageDetails,
  NestedOptions,
  RequestOptions,
  Snapshots,
  ZeroesOptions,
} from '../../open/driver.ts'
import { filenameFor } from '../../open/filename-for.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { probeFormat, probeLength } from '../probe.ts'
import { takeWindow, type Window } from './window.ts'

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
  readonly #probed: boolean
  #window: Window

  /** @param probed - the format was guessed */
  constructor(file: BlockNode, window: Window, { probed }: { readonly probed: boolean }) {
    this.#file = file
    this.#window = window
    this.#probed = probed
  }

  readonly resettable = ['offset', 'size']

  takeChanges(options: OptionBag): () => () => void {
    const window = takeWindow(options, this.#file)
    return () => {
      const before = this.#window
      this.#window = window
      return () => {
        this.#window = before
      }
    }
  }

  get children(): ReadonlyMap<ChildRole, BlockNode> {
    return new Map([['file', this.#file]])
  }

  setChild(_role: ChildRole, child: BlockNode | undefined): void {
    if (child !== undefined) this.#file = child
  }

  /** A part of a node has no room behind it, and says so itself. */
  get grows(): boolean {
    return this.#window.size !== undefined
  }

  get length(): number {
    const available = this.#file.length - this.#window.offset
    return this.#window.size ?? Math.ceil(available / sector) * sector
  }

  get filename(): string | undefined {
    return Object.keys(this.#window.given).length > 0 ? undefined : filenameFor(this.#file)
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, ...this.#window.given, file: this.#file.driver.fullOptions() }
  }

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    this.#file.driver.debugEvent?.('read_aio')
    return this.#file.readInto(this.#window.offset + offset, target, options)
  }

  async write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    const { size } = this.#window
    if (size !== undefined && offset + bytes.byteLength > size) {
      throw new BlockError('no-space', strerror('ENOSPC'), { code: 'ENOSPC', offset, length: bytes.byteLength })
    }
    if (this.#probed && offset < probeLength && bytes.byteLength > 0) return this.#writeStart(offset, bytes, options)
    this.#file.driver.debugEvent?.('write_aio')
    return this.#file.write(this.#window.offset + offset, bytes, options)
  }

  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#file.writeZeroes(this.#window.offset + offset, length, options)
  }

  discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#file.discard(this.#window.offset + offset, length, options)
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#file.status(this.#window.offset + offset, length)
  }

  flush(options?: RequestOptions): Promise<void> {
    for (const event of ['flush_to_os', 'flush_to_disk'] as const) this.#file.driver.debugEvent?.(event)
    return this.#file.flush(options)
  }

  async truncate(length: number, options?: RequestOptions): Promise<void> {
    if (this.#window.size !== undefined) {
      throw new BlockError('unsupported', 'Cannot resize fixed-size raw disks', { filename: this.#file.filename })
    }
    await this.#file.truncate(this.#window.offset + length, options)
  }

  /** What it shows of the image below is the bytes: not what kind of image it is. */
  async details(): Promise<ImageDetails> {
    const { actualSize, clusterSize, dirty, vmStateOffset } = await this.#file.details()
    return {
      ...(dirty !== undefined && { dirty }),
      ...(actualSize !== undefined && { actualSize }),
      ...(clusterSize !== undefined && { clusterSize }),
      ...(vmStateOffset !== undefined && { vmStateOffset }),
    }
  }

  get snapshots(): Snapshots | undefined {
    return this.#file.driver.snapshots
  }

  /** A part of a node stays where it is only while the node keeps its length. */
  childAccess(_role: ChildRole, access: Access): Access {
    const { offset, size } = this.#window
    return offset === 0 && size === undefined ? access : keepingLength(access)
  }

  async close(): Promise<void> {}

  /** A write to the part of the image that a probe looks at. */
  async #writeStart(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    const head = await this.#file.read(this.#window.offset, Math.min(probeLength, this.length), options)
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
    await this.#file.write(this.#window.offset + offset, bytes, options)
  }
}
