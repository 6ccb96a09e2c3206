import type { Access } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import { Turns } from '../../graph/turns.ts'
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
import type { LuksHeader } from './luks-header.ts'
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
  readonly #turns = new Turns()
  /** Whoever changes the header must be the only one: nobody reads or writes the file meanwhile. */
  amendments = 0

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

  childAccess(_role: ChildRole, { uses, shares }: Access): Access {
    // It has read the header, and may do so again.
    const reads = this.lock === undefined ? [...new Set([...uses, 'read' as const])] : uses
    if (this.amendments === 0) return { uses: reads, shares }
    return { uses: [...new Set([...reads, 'write' as const])], shares: shares.filter((each) => each === 'resize') }
  }

  /** Changes key slots, one change after the other. @throws {BlockError} as `takeKeySlotChange()` and `changeKeySlots()` */
  amend({ options, force = false }: AmendRequest): Promise<void> {
    return this.#turns.take(async () => {
      const { header } = this.#unlocked
      const keySecret = this.#given['key-secret']
      const place = {
        file: this.#file,
        offset: 0,
        header,
        secret: this.#secret,
        keySecret: keySecret === undefined ? undefined : String(keySecret),
        headerChanged: (changed: LuksHeader) => {
          this.#unlocked = { ...this.#unlocked, header: changed }
        },
      }
      await changeKeySlots(place, takeKeySlotChange(options), force)
    })
  }

  async close(): Promise<void> {}
}

function bytesIn(file: BlockNode, { cipher, header }: Unlocked): EncryptedBytes {
  return new EncryptedBytes(file, cipher, { offset: header.payloadOffset })
}
