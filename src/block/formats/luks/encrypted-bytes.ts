import type { BlockNode } from '../../graph/node.ts'
import type { RequestOptions, WriteOptions } from '../../open/driver.ts'
import { cipherSectorBytes } from './sector-cipher.ts'
import type { Unlocked } from './unlock.ts'

/** So much is encrypted at once: the memory that a large write takes besides its own. */
const pieceBytes = 1 << 20

/** A place for the guest's bytes: a node, or what encrypts them. */
export interface ByteStore {
  readonly length: number
  /** @param guest - the offset that the guest knows */
  readInto(offset: number, target: Uint8Array, options?: RequestOptions, guest?: number): Promise<void>
  write(offset: number, bytes: Uint8Array, options?: WriteOptions, guest?: number): Promise<void>
}

/** Bytes in a node, encrypted there. Requests are of whole sectors, which are numbered from the node's begin. */
export class EncryptedBytes implements ByteStore {
  readonly #node: BlockNode
  readonly #cipher: Unlocked['cipher']
  readonly #offset: number
  readonly #byGuest: boolean

  /**
   * @param place - where in the node the first sector is; or the sectors have the numbers that the guest knows, wherever
   *   they are
   */
  constructor(node: BlockNode, cipher: Unlocked['cipher'], place: { offset?: number; byGuest?: boolean } = {}) {
    this.#node = node
    this.#cipher = cipher
    this.#offset = place.offset ?? 0
    this.#byGuest = place.byGuest ?? false
  }

  get length(): number {
    return Math.max(0, this.#node.length - this.#offset)
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions, guest = offset): Promise<void> {
    await this.#node.readInto(this.#offset + offset, target, options)
    this.#cipher.decrypt((this.#byGuest ? guest : offset) / cipherSectorBytes, target)
  }

  async write(offset: number, bytes: Uint8Array, options?: WriteOptions, guest = offset): Promise<void> {
    const first = (this.#byGuest ? guest : offset) / cipherSectorBytes
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      const piece = this.#cipher.encrypt(first + at / cipherSectorBytes, bytes.subarray(at, at + pieceBytes))
      await this.#node.write(this.#offset + offset + at, piece, options)
    }
  }
}
