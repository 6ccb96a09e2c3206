import { delay } from '../../../timers/index.ts'
import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { BlockStatus, ChildRole, Driver, ImageDetails, NestedOptions } from '../../open/driver.ts'
import type { OptionValues } from '../../open/option-bag.ts'

export type NullName = 'null-co' | 'null-aio'

/** The one file name that there is. */
export const nullFilename = (name: NullName): string => `${name}://`

export interface NullOptions {
  readonly name: NullName
  /** Whole sectors. */
  readonly size: number
  /** How long a request takes. */
  readonly latencyMs: number
  /** The options as the user wrote them, but for those that change nothing of what is read. */
  readonly given: OptionValues
}

/** Reads zeroes, drops writes. */
export class NullDriver implements Driver {
  readonly name: NullName
  readonly filename: string | undefined
  readonly length: number
  readonly children: ReadonlyMap<ChildRole, BlockNode> = new Map()
  readonly #latencyMs: number
  readonly #given: OptionValues

  constructor({ name, size, latencyMs, given }: NullOptions) {
    this.name = name
    this.filename = Object.keys(given).length > 0 ? undefined : nullFilename(name)
    this.length = size
    this.#latencyMs = latencyMs
    this.#given = given
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, ...this.#given }
  }

  async readInto(_offset: number, target: Uint8Array): Promise<void> {
    await this.#wait()
    target.fill(0)
  }

  write(): Promise<void> {
    return this.#wait()
  }

  flush(): Promise<void> {
    return this.#wait()
  }

  /** It holds nothing: what is read is by chance zero, unless it was said to be. */
  async status(offset: number, length: number): Promise<BlockStatus> {
    const zero = this.#given['read-zeroes'] === true
    return { length, allocated: zero, data: false, zero, offset }
  }

  async truncate(): Promise<void> {
    throw new BlockError('unsupported', 'Image format driver does not support resize', { filename: this.name })
  }

  async details(): Promise<ImageDetails> {
    return { actualSize: 0 }
  }

  async close(): Promise<void> {}

  async #wait(): Promise<void> {
    if (this.#latencyMs > 0) await delay(this.#latencyMs)
  }
}
