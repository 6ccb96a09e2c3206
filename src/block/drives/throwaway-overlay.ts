import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createImage } from '../create/create-image.ts'
import type { BlockNode } from '../graph/node.ts'
import type { NodeGraph } from '../graph/node-graph.ts'
import { useThrowaway } from './throwaway-files.ts'

/** An image over another one, in a file that goes with it. */
export interface ThrowawayOverlay {
  readonly node: BlockNode
  /** Removes the file, unless others in this process have it below theirs; when the node is closed. */
  remove(): Promise<void>
}

/**
 * Lets writes go to a file that nobody keeps (`snapshot=on`): it lies in `TMPDIR`, or in /var/tmp as it may grow large,
 * and need not survive the host, so flushes are left out.
 *
 * @throws {BlockError} if there can be no such file
 */
export async function throwawayOverlay(
  graph: NodeGraph,
  base: BlockNode,
  readOnly: boolean,
): Promise<ThrowawayOverlay> {
  const name = `vl.${randomBytes(6).toString('base64url').slice(0, 6)}`
  const filename = join(process.env['TMPDIR'] || '/var/tmp', name)
  const remove = useThrowaway(filename)
  try {
    await createImage(graph, { filename, format: 'qcow2', size: base.length })
    const options = { driver: 'qcow2', 'cache.no-flush': true }
    const node = await graph.open({ filename, options, readOnly })
    await node.replaceChild('backing', base)
    return { node, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
