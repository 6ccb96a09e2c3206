import { isUtf8 } from 'node:buffer'
import { BlockError } from '../../block-error.ts'
import type { FormatRequest } from '../../open/driver.ts'

/**
 * The password for which an option names a secret.
 *
 * @throws {BlockError} kinds `invalid`, if the option is not there, or the password is no text, and `missing`, if there is no such secret
 */
export async function requiredSecret(
  secret: FormatRequest['secret'],
  option: string,
  id: string | undefined,
): Promise<Uint8Array> {
  if (id === undefined) throw new BlockError('invalid', `Parameter '${option}' is required for cipher`, { option })
  const found = await secret(id)
  if (found === undefined) throw new BlockError('missing', `No secret with id '${id}'`, { option })
  if (!isUtf8(found)) throw new BlockError('invalid', `Data from secret ${id} is not valid UTF-8`, { option })
  return found
}
