import { realpathSync } from 'node:fs'
import { skipFilters } from '../graph/allocation.ts'
import type { BlockNode } from '../graph/node.ts'
import { combinePath } from '../open/combine-path.ts'

/**
 * The image behind another one that has a file name: as it was opened, as the image over it names it, or another name for
 * the same file, relative to the image over it. Filters have no such names.
 */
export function findBacking(top: BlockNode, filename: string): BlockNode | undefined {
  let over = skipFilters(top)
  for (let below = over.child('backing'); below !== undefined; below = over.child('backing')) {
    const node = skipFilters(below)
    if (node.filename === filename) return node
    const besides = combinePath(over.child('file')?.filename ?? over.filename, filename)
    if (besides === node.filename || realPath(besides) === realPath(node.filename)) return node
    over = node
  }
  return undefined
}

/** Two names that lead nowhere are not the same. */
function realPath(filename: string): string | symbol {
  try {
    return realpathSync(filename)
  } catch {
    return Symbol(filename)
  }
}
