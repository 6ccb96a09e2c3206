import { within } from '../graph/cycles.ts'
import type { BlockNode } from '../graph/node.ts'
import type { DriveSet } from './drive-set.ts'

/**
 * Lets drives and nodes that use a node use another one in its place, which may lie over it. Requests wait meanwhile, and
 * what is made of the new node stays as it is.
 *
 * @param except - a node above that goes on using the one that it uses
 * @returns takes it back
 * @throws {BlockError} if one of the users cannot have the other node; then nothing has changed
 */
export async function takePlace(
  drives: DriveSet,
  before: BlockNode,
  after: BlockNode,
  except?: BlockNode,
): Promise<() => Promise<void>> {
  const undo: (() => Promise<void>)[] = []
  const takeBack = async (): Promise<void> => {
    for (const each of undo.splice(0).reverse()) await each()
  }
  const own = within(after)
  const above = drives.graph.above(before).filter(({ node }) => node !== except && !own.has(node))
  try {
    for (const drive of drives.holding(before)) {
      await drive.withoutRequests(() => drive.switchTo(after))
      undo.push(() => drive.withoutRequests(() => drive.switchTo(before)))
    }
    for (const { node, role } of above) {
      await node.replaceChild(role, after)
      undo.push(() => node.replaceChild(role, before))
    }
  } catch (error) {
    await takeBack()
    throw error
  }
  return takeBack
}
