import type { BlockNode } from '../graph/node.ts'
import type { Maker } from '../open/create-request.ts'

/** Has an image made in a node that is there: nobody else may write it meanwhile. @throws {BlockError} as `make` */
export async function writeNew(node: BlockNode, make: Maker): Promise<void> {
  await node.links.claimAhead() // also where another process has the other images
  const writer = await node.attach({
    description: 'an unnamed block device',
    access: { uses: ['read', 'write', 'resize'], shares: ['read'] },
  })
  try {
    await make(node)
  } finally {
    await writer.detach()
  }
}
