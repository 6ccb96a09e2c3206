import type { RequestOptions, WriteOptions } from '../../driver.ts'
import type { BlockNode } from '../../node.ts'
import { cipherSectorBytes } from './sector-cipher.ts'
import type { Unlocked } from './unlock.ts'

/** So much is encrypted at once: the memory that a large write takes besides its own. */
const pieceBytes = 1 << 20

/** The part of a node that keeps bytes. */
export type ByteStore = Pick<BlockNode, 'length' | 'readInto' | 'write'>

/** Bytes in a node, encrypted there. Requests are of whole sectors, which are numbered from the node's begin. */
export class EncryptedBytes implements ByteStore {
  readonly #node: BlockNode
  readonly #cipher: Unlocked['cipher']
  readonly #offset: number

  /** @param offset - where in the node the first sector is */
  constructor(node: BlockNode, cipher: Unlocked['cipher'], offset = 0) {
    this.#node = node
    this.#cipher = cipher
    this.#offset = offset
  }

  get length(): number {
    return Math.max(0, this.#node.length - this.#offset)
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    await this.#node.readInto(this.#offset + offset, target, options)
    this.#cipher.decrypt(offset / cipherSectorBytes, target)
  }

  async write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      const piece = this.#cipher.encrypt((offset + at) / cipherSectorBytes, bytes.subarray(at, at + pieceBytes))
      await this.#node.write(this.#offset + offset + at, piece, options)
    }
  }
}
