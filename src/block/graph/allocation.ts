import type { BlockNode } from './node.ts'

export interface Allocation {
  /** Bytes from the offset on that it holds for; at least 1. */
  readonly length: number
  /** Whether one of the images decides what the range holds. */
  readonly allocated: boolean
}

/**
 * Whether an image, or one of those behind it, decides what a range holds.
 *
 * @param bottom - the last of them that counts. What lies behind the end of one of them is decided by the one above
 * @throws {BlockError} as `BlockNode.status()`
 */
export async function allocation(
  top: BlockNode,
  bottom: BlockNode,
  offset: number,
  length: number,
): Promise<Allocation> {
  let limit = length
  for (let node: BlockNode | undefined = top; node !== undefined; node = node.behind) {
    const inside: number = node.length - offset
    // An image that ends before lets zeroes show, whatever is behind it.
    if (inside <= 0) return { length: limit, allocated: node !== top }
    const status = await node.status(offset, Math.min(limit, inside))
    if (status.allocated) return { length: status.length, allocated: true }
    limit = status.length
    if (node === bottom) break
  }
  return { length: limit, allocated: false }
}

/** An image and those behind it, filters included, the topmost first. */
export function chainOf(top: BlockNode): BlockNode[] {
  return top.behind === undefined ? [top] : [top, ...chainOf(top.behind)]
}

/** The image that filters, if there are any, let through. */
export function skipFilters(node: BlockNode): BlockNode
export function skipFilters(node: BlockNode | undefined): BlockNode | undefined
export function skipFilters(node: BlockNode | undefined): BlockNode | undefined {
  return node?.driver.filters === true ? skipFilters(node.behind) : node
}

/** What users are shown: not what is there for a job alone. */
export function skipImplicit(node: BlockNode): BlockNode {
  return node.driver.implicit === true && node.behind !== undefined ? skipImplicit(node.behind) : node
}
