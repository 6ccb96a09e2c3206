import { BlockError } from './block-error.ts'

/**
 * The longest that a disk can be, in bytes: QEMU's limit. Lengths are whole sectors, so numbers hold them exactly up to
 * 2^62, and in steps of two sectors beyond.
 */
export const largestLength = 2n ** 63n - 2n ** 30n

/** @throws {BlockError} kind `invalid`, if no image can be as long */
export function checkLength(node: string, length: number): void {
  if (length >= 0 && Number.isInteger(length) && length <= largestLength) return
  throw new BlockError('invalid', `${length} bytes are no size for an image`, { node, length })
}
