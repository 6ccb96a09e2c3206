import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { ChildRole, Driver, ImageDetails, NestedOptions } from '../../open/driver.ts'

const sector = 512

/** An image in this process's memory: the caller's bytes, which writes change. */
export class MemoryDriver implements Driver {
  readonly name = 'memory'
  readonly filename = 'memory:'
  readonly children: ReadonlyMap<ChildRole, BlockNode> = new Map()
  #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** What the image holds now. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  get length(): number {
    return Math.ceil(this.#bytes.byteLength / sector) * sector
  }

  fullOptions(): NestedOptions {
    return { driver: this.name }
  }

  async readInto(offset: number, target: Uint8Array): Promise<void> {
    const part = this.#bytes.subarray(offset, offset + target.byteLength)
    target.set(part)
    target.fill(0, part.byteLength)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset + bytes.byteLength > this.#bytes.byteLength) this.#resize(this.length)
    this.#bytes.set(bytes, offset)
  }

  async flush(): Promise<void> {}

  async truncate(length: number): Promise<void> {
    if (length > 2 ** 32) throw new BlockError('no-space', 'An image in memory holds at most 4 GiB', { length })
    this.#resize(length)
  }

  async details(): Promise<ImageDetails> {
    return { actualSize: this.#bytes.byteLength, dirty: false }
  }

  async close(): Promise<void> {}

  #resize(length: number): void {
    const bytes = new Uint8Array(length)
    bytes.set(this.#bytes.subarray(0, length))
    this.#bytes = bytes
  }
}
