import { createCipheriv, createDecipheriv } from 'node:crypto'
import { BlockError } from '../../block-error.ts'

export const cipherSectorBytes = 512

/** Encrypts sectors by AES in XTS mode, each with its number (`plain64`) as tweak. */
export class SectorCipher {
  readonly #algorithm: string
  readonly #key: Uint8Array
  readonly #tweak = new DataView(new ArrayBuffer(16))

  /** @param key - both halves: 32 or 64 bytes */
  constructor(key: Uint8Array) {
    this.#algorithm = `aes-${key.byteLength * 4}-xts`
    this.#key = key
  }

  /** @param sector - the number of the first one @returns the bytes encrypted, in memory of their own */
  encrypt(sector: number, bytes: Uint8Array): Uint8Array {
    return this.#each(sector, bytes, new Uint8Array(bytes.byteLength), createCipheriv)
  }

  /** Decrypts in place. */
  decrypt(sector: number, bytes: Uint8Array): void {
    this.#each(sector, bytes, bytes, createDecipheriv)
  }

  #each(
    first: number,
    from: Uint8Array,
    to: Uint8Array,
    make: typeof createCipheriv | typeof createDecipheriv,
  ): Uint8Array {
    const tweak = new Uint8Array(this.#tweak.buffer)
    for (let at = 0, sector = first; at < from.byteLength; at += cipherSectorBytes, sector++) {
      this.#tweak.setBigUint64(0, BigInt(sector), true)
      to.set(make(this.#algorithm, this.#key, tweak).update(from.subarray(at, at + cipherSectorBytes)), at)
    }
    return to
  }
}

/** @throws {BlockError} kind `unsupported`, if it is no cipher of ours */
export function checkCipher({ cipher, mode, keyBytes }: { cipher: string; mode: string; keyBytes: number }): void {
  if (cipher === 'aes' && mode === 'xts-plain64' && (keyBytes === 32 || keyBytes === 64)) return
  throw new BlockError('unsupported', `LUKS cipher ${cipher}-${keyBytes * 8}, ${mode} is not supported`)
}
