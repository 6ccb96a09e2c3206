import type { Access } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import type {
  AmendRequest,
  ChildRole,
  Driver,
  FormatRequest,
  ImageDetails,
  KeyLock,
  NestedOptions,
  RequestOptions,
} from '../../open/driver.ts'
import type { OptionValues } from '../../open/option-bag.ts'
import { EncryptedBytes } from './encrypted-bytes.ts'
import { changeKeySlots, takeKeySlotChange } from './key-slots.ts'
import { LateKey } from './late-key.ts'
import { luksSpecifics } from './luks-specifics.ts'
import { cipherSectorBytes } from './sector-cipher.ts'
import type { Unlocked } from './unlock.ts'

/** An image that LUKS has encrypted: a header, and behind it the guest's bytes. */
export class LuksDriver implements Driver {
  readonly name = 'luks'
  readonly limits = { alignment: cipherSectorBytes }
  readonly changesFile = true
  #file: BlockNode
  #bytes: EncryptedBytes
  #unlocked: Unlocked
  readonly #given: OptionValues
  readonly #secret: FormatRequest['secret']
  #amending = false

  constructor(file: BlockNode, unlocked: Unlocked, given: OptionValues, secret: FormatRequest['secret']) {
    this.#secret = secret
    this.#file = file
    this.#unlocked = unlocked
    this.#given = given
    this.#bytes = bytesIn(file, unlocked)
  }

  get children(): ReadonlyMap<ChildRole, BlockNode> {
    return new Map([['file', this.#file]])
  }

  setChild(_role: ChildRole, child: BlockNode | undefined): void {
    if (child === undefined) return
    this.#file = child
    this.#bytes = bytesIn(child, this.#unlocked)
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

  /** Whoever changes the header must be the only one: nobody reads or writes the file meanwhile. */
  set amending(amending: boolean) {
    this.#amending = amending
  }

  childAccess(_role: ChildRole, { uses, shares }: Access): Access {
    // It has read the header, and may do so again.
    const reads = this.lock === undefined ? [...new Set([...uses, 'read' as const])] : uses
    if (!this.#amending) return { uses: reads, shares }
    return { uses: [...new Set([...reads, 'write' as const])], shares: shares.filter((each) => each === 'resize') }
  }

  /** Changes key slots. @throws {BlockError} as `takeKeySlotChange()` and `changeKeySlots()` */
  async amend({ options, force = false }: AmendRequest): Promise<void> {
    const { header, cipher } = this.#unlocked
    const change = takeKeySlotChange(options)
    const keySecret = this.#given['key-secret']
    const place = {
      file: this.#file,
      offset: 0,
      header,
      secret: this.#secret,
      keySecret: keySecret === undefined ? undefined : String(keySecret),
    }
    this.#unlocked = { header: await changeKeySlots(place, change, force), cipher }
  }

  async close(): Promise<void> {}
}

function bytesIn(file: BlockNode, { cipher, header }: Unlocked): EncryptedBytes {
  return new EncryptedBytes(file, cipher, { offset: header.payloadOffset })
}
