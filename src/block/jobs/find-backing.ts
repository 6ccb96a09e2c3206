import { realpathSync } from 'node:fs'
import { chainOf } from '../graph/allocation.ts'
import type { BlockNode } from '../graph/node.ts'
import { combinePath } from '../open/combine-path.ts'

/**
 * The image behind another one that has a file name: as it was opened, as the image over it names it, or another name for
 * the same file, relative to the image over it.
 */
export function findBacking(top: BlockNode, filename: string): BlockNode | undefined {
  const chain = chainOf(top)
  for (const [index, node] of chain.slice(1).entries()) {
    const over = chain[index]!
    if (over.driver.filters === true && over.driver.implicit === true) continue
    if (node.filename === filename) return node
    const besides = combinePath(over.child('file')?.filename ?? over.filename, filename)
    if (besides === node.filename || realPath(besides) === realPath(node.filename)) return node
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
