import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { OptionBag, OptionValues } from '../../open/option-bag.ts'

const sector = 512n

/** What of a node a raw image shows. */
export interface Window {
  readonly offset: number
  /** Undefined: as long as the node below. */
  readonly size: number | undefined
  /** Offset and size as the user wrote them. */
  readonly given: OptionValues
}

/** Takes `offset` and `size` out. @throws {BlockError} kind `invalid`, if the node has no such part */
export function takeWindow(options: OptionBag, file: BlockNode): Window {
  const given = options.pick(['offset', 'size'])
  const offset = options.takeWideSize('offset')
  const size = options.takeWideSize('size')
  if (offset !== undefined || size !== undefined) checkWindow(offset ?? 0n, size, BigInt(file.length))
  return { offset: Number(offset ?? 0), size: size === undefined ? undefined : Number(size), given }
}

function checkWindow(offset: bigint, size: bigint | undefined, available: bigint): void {
  if (offset > available) {
    throw new BlockError(
      'invalid',
      `Offset (${offset}) cannot be greater than size of the containing file (${available})`,
      { option: 'offset' },
    )
  }
  if (size === undefined) return
  if (offset + size > available) {
    throw new BlockError(
      'invalid',
      `The sum of offset (${offset}) and size (${size}) has to be smaller or equal to the  actual size of the containing file (${available})`,
      { option: 'size' },
    )
  }
  if (size % sector !== 0n) {
    throw new BlockError('invalid', 'Specified size is not multiple of 512', { option: 'size' })
  }
}
