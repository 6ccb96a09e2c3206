import { BlockError } from '../../block-error.ts'
import { type Access, idle } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { BlockStatus, ChildRole, Driver, ImageDetails, NestedOptions, RequestOptions } from '../../open/driver.ts'
import { CopyBeforeWriteDriver } from '../copy-before-write/copy-before-write-driver.ts'

/** Shows the earlier state of what lies below the filter below. It is no filter itself: it shows other bytes. */
export class SnapshotAccessDriver implements Driver {
  readonly name = 'snapshot-access'
  readonly #file: BlockNode

  constructor(file: BlockNode) {
    this.#file = file
  }

  get filename(): string | undefined {
    return this.#file.driver.filename
  }

  get length(): number {
    return this.#file.length
  }

  get children(): ReadonlyMap<ChildRole, BlockNode> {
    return new Map([['file', this.#file]])
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, file: this.#file.driver.fullOptions() }
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    await this.#earlier.readEarlier(offset, target, options)
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    return this.#earlier.statusEarlier(offset, length)
  }

  async discard(offset: number, length: number): Promise<void> {
    this.#earlier.forgetEarlier(offset, length)
  }

  async write(): Promise<void> {
    throw unsupported()
  }

  async truncate(): Promise<void> {
    throw unsupported()
  }

  async flush(): Promise<void> {}

  async details(): Promise<ImageDetails> {
    const { actualSize } = await this.#file.details()
    return actualSize === undefined ? {} : { actualSize }
  }

  /** What it reads it reads past the node below. */
  childAccess(_role: ChildRole, _access: Access): Access {
    return idle
  }

  async close(): Promise<void> {}

  get #earlier(): CopyBeforeWriteDriver {
    const { driver } = this.#file
    if (driver instanceof CopyBeforeWriteDriver) return driver
    throw unsupported()
  }
}

function unsupported(): BlockError {
  return new BlockError('unsupported', 'Operation not supported', { code: 'ENOTSUP' })
}
