import { BlockError } from '../block-error.ts'
import type { BlockNode } from './node.ts'

/** What the graph of nodes must never have: a node that lies below itself. All that goes through the graph relies on it. */

/** What is directly below a node. */
type ChildrenOf = (node: BlockNode) => Iterable<BlockNode>

const asTheyAre: ChildrenOf = (node) => node.children.values()

/** A node and all that lies below it, each once: nodes may share what is below them. */
export function within(top: BlockNode, childrenOf: ChildrenOf = asTheyAre): ReadonlySet<BlockNode> {
  const found = new Set([top])
  for (const node of found) for (const child of childrenOf(node)) found.add(child)
  return found
}

/** Lets nothing hold requests back, in a node and below, until the result is called. */
export function hurryWithin(top: BlockNode): () => void {
  const undo = [...within(top)].flatMap(({ driver }) => driver.hurry?.() ?? [])
  return () => {
    for (const each of undo) each()
  }
}

/**
 * Looks whether a node may become a child of another one.
 *
 * @param link - what the parent's options call the child
 * @param childrenOf - what is to be below nodes by then; by default what is there now
 * @throws {BlockError} kind `invalid`, if the parent would then lie below itself
 */
export function checkNoCycle(parent: BlockNode, link: string, child: BlockNode, childrenOf?: ChildrenOf): void {
  if (within(child, childrenOf).has(parent)) throw cycleError(parent.name, link, child.name)
}

export function cycleError(parent: string, link: string, child: string): BlockError {
  return new BlockError('invalid', `Making '${child}' a ${link} child of '${parent}' would create a cycle`, {
    node: parent,
  })
}
