import { strerror } from '../../../errno/index.ts'
import type { ErrorName } from '../../../nbd/index.ts'
import { BlockError, kindOfSystemError } from '../../block-error.ts'

/** What a server has said of a request that it could not do. */
export function failed(code: ErrorName): BlockError {
  return new BlockError(kindOfSystemError(code), strerror(code), { code })
}

/** The server is gone, or says what makes no sense. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost'
}

/** What two sides could not agree on, in QEMU's words. @param hint - what a person may want to know besides */
export function disagreement(message: string, hint?: string): BlockError {
  return new BlockError('io', message, hint === undefined ? { code: 'EINVAL' } : { code: 'EINVAL', hint })
}
