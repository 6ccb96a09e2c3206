import type { BlockNode } from '../graph/node.ts'
import type { ZeroesOptions } from '../open/driver.ts'

/** An image to write to, by the cache mode that the user wants: each write may have to reach stable storage by itself. */
export class WriteTarget {
  readonly node: BlockNode
  readonly #flushesEach: boolean

  /** @param flushesEach - `writethrough` and `directsync` */
  constructor(node: BlockNode, { flushesEach }: { flushesEach: boolean }) {
    this.node = node
    this.#flushesEach = flushesEach
  }

  /** @throws {BlockError} */
  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#through(this.node.write(offset, bytes))
  }

  /** @throws {BlockError} */
  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#through(this.node.writeZeroes(offset, length, options))
  }

  /** @throws {BlockError} kind `unsupported`, if the format cannot compress */
  writeCompressed(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#through(this.node.writeCompressed(offset, bytes))
  }

  /** @throws {BlockError} */
  flush(): Promise<void> {
    return this.node.flush()
  }

  #through(write: Promise<void>): Promise<void> {
    return this.#flushesEach ? write.then(() => this.node.flush()) : write
  }
}
