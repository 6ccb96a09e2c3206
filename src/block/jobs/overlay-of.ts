import { chainOf, skipFilters } from '../graph/allocation.ts'
import type { BlockNode } from '../graph/node.ts'

/** The image right over another one of the chain; without it the last of all. */
export function overlayOf(top: BlockNode, base: BlockNode | undefined): BlockNode {
  const images = chainOf(top).filter(({ driver }) => driver.filters !== true)
  const shown = skipFilters(base)
  const index = shown === undefined ? images.length : images.indexOf(shown)
  return images[index - 1]!
}
