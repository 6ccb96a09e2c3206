import type { BlockNode } from '../../graph/node.ts'

const least = 65536

/** Bytes that are copied together at least: a cluster of the target, whose rest would show what is behind it. */
export async function copyClusterSize(target: BlockNode): Promise<number> {
  const { clusterSize = least } = await target.details()
  return Math.max(least, clusterSize)
}
