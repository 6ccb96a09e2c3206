import { BlockError } from '../../block-error.ts'
import type { OptionBag } from '../../open/option-bag.ts'

/** In bytes. */
export interface PreallocateSizes {
  /** The file's length is a multiple of it when room has been taken. */
  readonly align: number
  /** How much room is taken at once, behind what is written. */
  readonly size: number
}

const sector = 512

/** @throws {BlockError} kind `invalid`, in QEMU's words */
export function takeSizes(options: OptionBag): PreallocateSizes {
  const align = options.takeSize('prealloc-align') ?? 2 ** 20
  const size = options.takeSize('prealloc-size') ?? 128 * 2 ** 20
  if (align % sector !== 0) {
    const text = `prealloc-align parameter of preallocate filter is not aligned to ${sector}`
    throw new BlockError('invalid', text, { option: 'prealloc-align' })
  }
  return { align: Math.max(align, sector), size }
}
