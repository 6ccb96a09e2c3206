import type { BlockStatus, RequestOptions } from '../open/driver.ts'
import type { BlockNode } from './node.ts'

/** What a range holds, and which image of a chain says so. */
export interface ChainStatus extends BlockStatus {
  /** How many images lie above the one that decides: 0 for the first. */
  readonly depth: number
  readonly node: BlockNode
}

/**
 * What is known of a range, or of its beginning, looking through an image at the backing files behind it.
 *
 * @param base - where to stop: this image and those behind it do not count; what nobody above holds is not allocated
 * @throws {BlockError} as `BlockNode.status()`
 */
export async function chainStatus(
  top: BlockNode,
  offset: number,
  length: number,
  { base, ...options }: RequestOptions & { readonly base?: BlockNode } = {},
): Promise<ChainStatus> {
  let limit = length
  let node = top
  for (let depth = 0; ; depth++) {
    const status = await node.status(offset, limit, options)
    limit = status.length
    const { behind } = node
    const short = behind !== undefined && behind !== base && offset >= behind.length
    if (base !== undefined && short && !status.allocated && status.zero) {
      // The one behind ends before: that there are zeroes it decides, not the base.
      return Object.assign(status, { allocated: true, depth: depth + 1, node: behind })
    }
    if (status.allocated || status.zero || behind === undefined || behind === base) {
      return Object.assign(status, { depth, node })
    }
    limit = Math.min(limit, behind.length - offset)
    node = behind
  }
}
