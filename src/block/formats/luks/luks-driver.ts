import type { ChildRole, Driver, ImageDetails, KeyLock, NestedOptions, RequestOptions } from '../../driver.ts'
import type { BlockNode } from '../../node.ts'
import type { OptionValues } from '../../option-bag.ts'
import { EncryptedBytes } from './encrypted-bytes.ts'
import { LateKey } from './late-key.ts'
import { luksSpecifics } from './luks-specifics.ts'
import { cipherSectorBytes } from './sector-cipher.ts'
import type { Unlocked } from './unlock.ts'

/** An image that LUKS has encrypted: a header, and behind it the guest's bytes. */
export class LuksDriver implements Driver {
  readonly name = 'luks'
  readonly limits = { alignment: cipherSectorBytes }
  readonly children: ReadonlyMap<ChildRole, BlockNode>
  readonly #file: BlockNode
  readonly #bytes: EncryptedBytes
  readonly #unlocked: Unlocked
  readonly #given: OptionValues

  constructor(file: BlockNode, unlocked: Unlocked, given: OptionValues) {
    this.#file = file
    this.#unlocked = unlocked
    this.#given = given
    this.#bytes = new EncryptedBytes(file, unlocked.cipher, { offset: unlocked.header.payloadOffset })
    this.children = new Map([['file', file]])
  }

  get lock(): KeyLock | undefined {
    const { cipher } = this.#unlocked
    return cipher instanceof LateKey ? cipher : undefined
  }

  get length(): number {
    const { length } = this.#bytes
    return length - (length % cipherSectorBytes)
  }

  /** Nobody can open it by its name alone. */
  get filename(): undefined {
    return undefined
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, ...this.#given, file: this.#file.driver.fullOptions() }
  }

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#bytes.readInto(offset, target, options)
  }

  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#bytes.write(offset, bytes, options)
  }

  flush(options?: RequestOptions): Promise<void> {
    return this.#file.flush(options)
  }

  async truncate(length: number, options?: RequestOptions): Promise<void> {
    await this.#file.truncate(this.#unlocked.header.payloadOffset + length, options)
  }

  async details(): Promise<ImageDetails> {
    const { actualSize } = await this.#file.details()
    return {
      ...(actualSize === undefined ? {} : { actualSize }),
      dirty: false,
      encrypted: true,
      formatSpecific: { type: this.name, data: luksSpecifics(this.#unlocked.header) },
    }
  }

  async close(): Promise<void> {}
}
