import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'

/** More are not done, and nobody could wait for them. */
export const mostIterations = 2 ** 31 - 1

/** A key of so many bytes from a password, by PBKDF2. Node's `crypto` is not touched before: it takes long to load. */
export function deriveKey(
  password: string | Uint8Array,
  salt: Uint8Array,
  iterations: number,
  keyBytes: number,
  hash: string,
): Promise<Uint8Array> {
  return promisify(pbkdf2)(password, salt, iterations, keyBytes, hash)
}
