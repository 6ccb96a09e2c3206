import { BlockError } from '../../block-error.ts'

export const headerSize = 512
export const signature = 0xbeda107f
export const version = 0x00010001
/** Bytes of a block. */
export const blockSize = 2 ** 20
export const sector = 512
/** Entries of the longest map. */
export const largestMap = 0x1fffff80
export const types = { dynamic: 1, fixed: 2 } as const

export function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}

export function unsupported(message: string): BlockError {
  return new BlockError('unsupported', message)
}
