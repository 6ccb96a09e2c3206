import type { BlockError } from '../../block/index.ts'

const reasons: Partial<Record<BlockError['kind'], string>> = {
  io: 'Input/output error',
  corrupt: 'Input/output error',
  'no-space': 'No space left on device',
  permission: 'Operation not permitted',
  'read-only': 'Read-only file system',
  unsupported: 'Operation not supported',
  invalid: 'Invalid argument',
}

/** Why a request failed, in the system's words: QEMU's tools know no more of it than the number of the error. */
export function reasonOf({ kind, message }: BlockError): string {
  return reasons[kind] ?? message
}
