import type { BlockNode } from '../graph/node.ts'
import type {
  BlockStatus,
  ChildRole,
  Driver,
  ImageDetails,
  NestedOptions,
  RequestOptions,
  Snapshots,
  WriteOptions,
  ZeroesOptions,
} from '../open/driver.ts'

/** A filter that does nothing yet: what it is for, its heirs say. */
export abstract class PassThrough implements Driver {
  abstract readonly name: string
  readonly filters = true
  readonly changesFile = true
  /** What the node below is to it. */
  readonly #role: 'file' | 'backing'
  #below: BlockNode

  constructor(below: BlockNode, role: 'file' | 'backing' = 'file') {
    this.#below = below
    this.#role = role
  }

  protected get below(): BlockNode {
    return this.#below
  }

  get grows(): boolean {
    return this.#below.driver.grows === true
  }

  get filename(): string | undefined {
    return undefined
  }

  get length(): number {
    return this.#below.length
  }

  get children(): ReadonlyMap<ChildRole, BlockNode> {
    return new Map([[this.#role, this.#below]])
  }

  get snapshots(): Snapshots | undefined {
    return this.#below.driver.snapshots
  }

  setChild(_role: ChildRole, child: BlockNode | undefined): void {
    if (child !== undefined) this.#below = child
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, [this.#role]: this.#below.driver.fullOptions() }
  }

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#below.readInto(offset, target, options)
  }

  write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    return this.#below.write(offset, bytes, options)
  }

  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#below.writeZeroes(offset, length, options)
  }

  discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#below.discard(offset, length, options)
  }

  flush(options?: RequestOptions): Promise<void> {
    return this.#below.flush(options)
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#below.status(offset, length)
  }

  truncate(length: number, options?: RequestOptions): Promise<void> {
    return this.#below.truncate(length, options)
  }

  async details(): Promise<ImageDetails> {
    const { actualSize, clusterSize, dirty, vmStateOffset } = await this.#below.details()
    return {
      ...(dirty !== undefined && { dirty }),
      ...(actualSize !== undefined && { actualSize }),
      ...(clusterSize !== undefined && { clusterSize }),
      ...(vmStateOffset !== undefined && { vmStateOffset }),
    }
  }

  async close(): Promise<void> {}
}
