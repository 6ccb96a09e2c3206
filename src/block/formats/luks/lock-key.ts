import { randomBytes } from 'node:crypto'
import { strerror } from '../../../errno/index.ts'
import { BlockError } from '../../block-error.ts'
import { deriveKey, mostIterations } from './derive-key.ts'
import { type CipherKind, cipherSectorBytes, SectorCipher } from './sector-cipher.ts'
import { splitStripes } from './stripes.ts'

/** Of key material, in every slot. */
export const stripes = 4000
export const saltBytes = 32
/** Of PBKDF2, whatever the time. */
export const leastIterations = 1000
/** The header has 32 bits for them. */
const largestCount = 2n ** 32n - 1n
/** Milliseconds that a password takes to be tried. */
export const defaultTime = 2000n
/** Milliseconds after which it is known how fast this machine is. */
const measuredTime = 25

/** A master key, and how a password is to lock it. */
export interface KeyToLock {
  readonly key: Uint8Array
  readonly cipher: CipherKind
  readonly hash: string
  /** How long a password shall take to be tried. */
  readonly milliseconds: bigint
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
 * @throws {BlockError} kind `invalid`, in QEMU's words, if that takes more iterations than a header has bits for
 */
export async function lockKey(
  { key, cipher, hash, milliseconds }: KeyToLock,
  password: Uint8Array,
): Promise<LockedKey> {
  const iterations = countIterations(Math.floor(await iterationsPerSecond(hash, key.byteLength)), milliseconds)
  const salt = randomBytes(saltBytes)
  const split = splitStripes(key, stripes, hash)
  const slotKey = await deriveKey(password, salt, iterations, key.byteLength, hash)
  const padded = new Uint8Array(Math.ceil(split.byteLength / cipherSectorBytes) * cipherSectorBytes)
  padded.set(split)
  return { iterations, salt, material: new SectorCipher(cipher, slotKey).encrypt(0, padded) }
}

function countIterations(perSecond: number, milliseconds: bigint): number {
  const wanted = BigInt(perSecond) * milliseconds
  if (wanted >= 2n ** 64n) throw outOfRange(`PBKDF iterations ${perSecond} too large to scale`)
  const iterations = wanted / 1000n
  if (iterations > largestCount) throw outOfRange(`PBKDF iterations ${iterations} larger than ${largestCount}`)
  if (iterations > mostIterations) {
    throw new BlockError('unsupported', `PBKDF iterations ${iterations} must be at most ${mostIterations}`)
  }
  return Math.max(leastIterations, Number(iterations))
}

function outOfRange(text: string): BlockError {
  return new BlockError('invalid', `${text}: ${strerror('ERANGE')}`)
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
