import { isUtf8 } from 'node:buffer'
import type { ReadSecret } from '../../block/index.ts'

/**
 * The text of a secret that a password is.
 *
 * @throws {Error} in QEMU's words, if there is no such secret, or it is no text
 */
export function secretTextOf(id: string | undefined, secret: ReadSecret): string | undefined {
  if (id === undefined) return undefined
  const bytes = secret(id)
  if (bytes === undefined) throw new Error(`No secret with id '${id}'`)
  if (!isUtf8(bytes)) throw new Error(`Data from secret ${id} is not valid UTF-8`)
  return Buffer.from(bytes).toString('utf8')
}
