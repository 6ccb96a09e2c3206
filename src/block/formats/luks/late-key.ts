import { BlockError } from '../../block-error.ts'
import type { KeyLock } from '../../open/driver.ts'
import type { Cipher } from './sector-cipher.ts'

/** In place of a cipher whose key comes later, or never: until then nothing is read or written. */
export class LateKey implements Cipher, KeyLock {
  #cipher: Cipher | undefined
  readonly #find: (password: Uint8Array) => Promise<Cipher>

  /** @param find - throws a BlockError of kind `permission`, if it is another password */
  constructor(find: (password: Uint8Array) => Promise<Cipher>) {
    this.#find = find
  }

  get locked(): boolean {
    return this.#cipher === undefined
  }

  async unlock(password: Uint8Array): Promise<void> {
    this.#cipher = await this.#find(password)
  }

  encrypt(sector: number, bytes: Uint8Array): Uint8Array {
    return this.#known().encrypt(sector, bytes)
  }

  decrypt(sector: number, bytes: Uint8Array): void {
    this.#known().decrypt(sector, bytes)
  }

  #known(): Cipher {
    if (this.#cipher === undefined) throw new BlockError('permission', 'The image is locked', { code: 'EPERM' })
    return this.#cipher
  }
}
