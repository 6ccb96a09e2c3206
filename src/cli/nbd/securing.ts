import type { Securing } from '../../objects/index.ts'
import { TransportError } from '../../transport/index.ts'
import { ImgError } from '../img/img-error.ts'

/** What secures streams. @throws {ImgError} in QEMU's words, if there are no such credentials */
export function securingOf(find: () => Securing): Securing {
  try {
    return find()
  } catch (error) {
    if (error instanceof TransportError) throw new ImgError(`Failed to get TLS creds: ${error.message}`)
    throw error
  }
}
