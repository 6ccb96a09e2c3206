import type * as crypto from 'node:crypto'
import { createCipheriv, createDecipheriv, createHash, getCiphers } from 'node:crypto'
import { BlockError } from '../../block-error.ts'
import { type LuksHeader, luksHashes } from './luks-header.ts'

export const cipherSectorBytes = 512
const blockBytes = 16

/** How sectors are encrypted. */
export interface CipherKind {
  /** Of AES: the only cipher here. */
  readonly mode: 'xts' | 'cbc' | 'ctr' | 'ecb'
  /** What a sector's vector is made of: its number, of 32 or 64 bits, or that encrypted. Not for `ecb`. */
  readonly vectors: 'plain' | 'plain64' | 'essiv' | undefined
  /** What makes the key of `essiv` out of the key. */
  readonly vectorHash?: string | undefined
}

/** Encrypts sectors, and decrypts them. */
export interface Cipher {
  /** @param sector - the number of the first one @returns the bytes encrypted, in memory of their own */
  encrypt(sector: number, bytes: Uint8Array): Uint8Array
  /** Decrypts in place. */
  decrypt(sector: number, bytes: Uint8Array): void
}

/** Encrypts sectors by AES, each with a vector of its own. */
export class SectorCipher implements Cipher {
  readonly #algorithm: string
  readonly #key: Uint8Array
  readonly #kind: CipherKind
  readonly #number = new DataView(new ArrayBuffer(blockBytes))
  readonly #vectorKey: Uint8Array | undefined

  /** @param key - for `xts` both halves @throws {BlockError} kind `unsupported` */
  constructor(kind: CipherKind, key: Uint8Array) {
    this.#algorithm = algorithmFor(kind, key.byteLength)
    this.#key = key
    this.#kind = kind
    if (kind.vectors === 'essiv') this.#vectorKey = vectorKey(kind.vectorHash ?? 'sha256', key)
  }

  encrypt(sector: number, bytes: Uint8Array): Uint8Array {
    return this.#each(sector, bytes, new Uint8Array(bytes.byteLength), createCipheriv)
  }

  decrypt(sector: number, bytes: Uint8Array): void {
    this.#each(sector, bytes, bytes, createDecipheriv)
  }

  #each(
    first: number,
    from: Uint8Array,
    to: Uint8Array,
    make: (algorithm: string, key: Uint8Array, vector: Uint8Array | null) => crypto.Cipher | crypto.Decipher,
  ): Uint8Array {
    for (let at = 0, sector = first; at < from.byteLength; at += cipherSectorBytes, sector++) {
      const cipher = make(this.#algorithm, this.#key, this.#vector(sector)).setAutoPadding(false)
      to.set(cipher.update(from.subarray(at, at + cipherSectorBytes)), at)
    }
    return to
  }

  #vector(sector: number): Uint8Array | null {
    const { vectors, mode } = this.#kind
    if (mode === 'ecb') return null
    const number = new Uint8Array(this.#number.buffer)
    this.#number.setBigUint64(0, vectors === 'plain' ? BigInt(sector % 2 ** 32) : BigInt(sector), true)
    if (this.#vectorKey === undefined) return number
    const cipher = createCipheriv(`aes-${this.#vectorKey.byteLength * 8}-ecb`, this.#vectorKey, null)
    return cipher.setAutoPadding(false).update(number)
  }
}

/** @throws {BlockError} kind `unsupported`, if it is no cipher of ours */
export function checkCipher(kind: CipherKind, keyBytes: number): void {
  algorithmFor(kind, keyBytes)
  if (kind.vectors === 'essiv') vectorKey(kind.vectorHash ?? 'sha256', new Uint8Array(keyBytes))
}

const modes = ['xts', 'cbc', 'ctr', 'ecb'] as const
const generators = ['plain', 'plain64', 'essiv'] as const

/**
 * Reads how a header names its cipher: `aes` and `xts-plain64`, `cbc-essiv:sha256`, ...
 *
 * @throws {BlockError} kind `unsupported`, in QEMU's words
 */
export function parseCipher({
  cipher,
  mode: words,
  hash,
  keyBytes,
}: Pick<LuksHeader, 'cipher' | 'mode' | 'hash' | 'keyBytes'>): CipherKind {
  const [, modeName, vectorName, vectorHash] = /^([^-]*)-([^:]*)(?::(.*))?$/s.exec(words) ?? []
  if (modeName === undefined) throw unsupported(`Unexpected cipher mode string format '${words}'`)
  const mode = modes.find((name) => name === modeName)
  if (mode === undefined) throw unsupported(`Cipher mode '${modeName}' not supported`)
  if (cipher !== 'aes') throw noSuchCipher(cipher, mode, keyBytes)
  algorithmFor({ mode }, keyBytes)
  checkHash(hash)
  const vectors = generators.find((name) => name === vectorName)
  if (vectors === undefined) throw unsupported(`IV generator '${vectorName}' not supported`)
  if (vectors !== 'essiv') return { mode, vectors, vectorHash: undefined }
  if (vectorHash === undefined) throw unsupported('Missing IV generator hash specification')
  checkHash(vectorHash)
  const kind = { mode, vectors, vectorHash }
  checkCipher(kind, keyBytes)
  return kind
}

function checkHash(name: string): void {
  if (!luksHashes.some((hash) => hash === name)) throw unsupported(`Hash algorithm '${name}' not supported`)
}

/** The reverse of `parseCipher()`. */
export function cipherWords({ mode, vectors, vectorHash }: CipherKind): string {
  return `${mode}${vectors === undefined ? '' : `-${vectors}`}${vectorHash === undefined ? '' : `:${vectorHash}`}`
}

function algorithmFor({ mode }: Pick<CipherKind, 'mode'>, keyBytes: number): string {
  const algorithm = `aes-${mode === 'xts' ? keyBytes * 4 : keyBytes * 8}-${mode}`
  if (getCiphers().includes(algorithm)) return algorithm
  throw noSuchCipher('aes', mode, keyBytes)
}

function noSuchCipher(cipher: string, mode: CipherKind['mode'], keyBytes: number): BlockError {
  const size = mode === 'xts' ? Math.floor(keyBytes / 2) : keyBytes
  return unsupported(`Algorithm '${cipher}' with key size ${size} bytes not supported`)
}

function vectorKey(hash: string, key: Uint8Array): Uint8Array {
  const digest = createHash(hash).update(key).digest()
  if ([16, 24, 32].includes(digest.byteLength)) return digest
  throw unsupported(`No AES cipher with key size ${digest.byteLength} available`)
}

function unsupported(message: string): BlockError {
  return new BlockError('unsupported', message)
}
