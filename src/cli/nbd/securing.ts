import type { Securing } from '../../objects/index.ts'
import { TransportError } from '../../transport/index.ts'
import { ProgramError } from '../program-error.ts'

/** What secures streams. @throws {ProgramError} in QEMU's words, if there are no such credentials */
export function securingOf(find: () => Securing): Securing {
  try {
    return find()
  } catch (error) {
    if (error instanceof TransportError) throw new ProgramError(`Failed to get TLS creds: ${error.message}`)
    throw error
  }
}
