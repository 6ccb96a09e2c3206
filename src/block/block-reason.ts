import { strerror } from '../errno/index.ts'
import type { BlockError } from './block-error.ts'

const reasons: Partial<Record<BlockError['kind'], string>> = {
  io: 'Input/output error',
  corrupt: 'Input/output error',
  range: 'Input/output error',
  'no-space': 'No space left on device',
  permission: 'Operation not permitted',
  busy: 'Operation not permitted',
  'read-only': 'Read-only file system',
  unsupported: 'Operation not supported',
  invalid: 'Invalid argument',
  empty: 'No medium found',
  closed: 'No medium found',
}

/** Why a request failed, in the system's words: where QEMU knows no more of it than the number of the error. */
export function reasonOf({ kind, message, context }: BlockError): string {
  return context.code === undefined ? (reasons[kind] ?? message) : strerror(context.code)
}
