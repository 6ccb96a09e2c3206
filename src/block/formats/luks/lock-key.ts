import { randomBytes } from 'node:crypto'
import { deriveKey } from './derive-key.ts'
import { type CipherKind, cipherSectorBytes, SectorCipher } from './sector-cipher.ts'
import { splitStripes } from './stripes.ts'

/** Of key material, in every slot. */
export const stripes = 4000
export const saltBytes = 32
/** Of PBKDF2, whatever the time. */
export const leastIterations = 1000
/** Milliseconds that a password takes to be tried. */
export const defaultTime = 2000
/** Milliseconds after which it is known how fast this machine is. */
const measuredTime = 25

/** A master key, and how a password is to lock it. */
export interface KeyToLock {
  readonly key: Uint8Array
  readonly cipher: CipherKind
  readonly hash: string
  /** How long a password shall take to be tried. */
  readonly milliseconds: number
}

/** What a key slot holds. */
export interface LockedKey {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly material: Uint8Array
}

/**
 * Makes the key material of a slot, which a password unlocks.
 *
 * @see LUKS On-Disk Format Specification 1.2.3, adding a password
 */
export async function lockKey(
  { key, cipher, hash, milliseconds }: KeyToLock,
  password: Uint8Array,
): Promise<LockedKey> {
  const wanted = Math.floor(((await iterationsPerSecond(hash, key.byteLength)) * milliseconds) / 1000)
  const iterations = Math.min(2 ** 31 - 1, Math.max(leastIterations, wanted))
  const salt = randomBytes(saltBytes)
  const split = splitStripes(key, stripes, hash)
  const slotKey = await deriveKey(password, salt, iterations, key.byteLength, hash)
  const padded = new Uint8Array(Math.ceil(split.byteLength / cipherSectorBytes) * cipherSectorBytes)
  padded.set(split)
  return { iterations, salt, material: new SectorCipher(cipher, slotKey).encrypt(0, padded) }
}

/** How fast passwords are tried on this machine. */
async function iterationsPerSecond(hash: string, keyBytes: number): Promise<number> {
  const salt = new Uint8Array(saltBytes)
  for (let count = 1024; ; count *= 2) {
    const before = process.hrtime.bigint()
    await deriveKey('a password', salt, count, keyBytes, hash)
    const milliseconds = Number(process.hrtime.bigint() - before) / 1e6
    if (milliseconds >= measuredTime) return (count * 1000) / milliseconds
  }
}
