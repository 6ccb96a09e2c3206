import { BlockError } from '../block-error.ts'

/**
 * The length of a file, as a number. What numbers do not count is more than any file can be.
 *
 * @param what - what stands before the reason
 * @throws {BlockError} kind `invalid`, in QEMU's words
 */
export function fileLength(bytes: bigint, what = ''): number {
  if (bytes >= 2n ** 63n) throw new BlockError('invalid', `${what}Invalid argument`, { code: 'EINVAL' })
  if (bytes <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(bytes)
  throw new BlockError('invalid', `${what}File too large`, { code: 'EFBIG' })
}
