import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import { lengthen, type Preallocation } from './preallocation.ts'

/**
 * Makes an image longer or shorter, and takes the space for what is new, if that is wanted.
 *
 * @throws {BlockError} in QEMU's words; then the image is as long as before
 */
export async function resizeImage(node: BlockNode, wanted: number, preallocation: Preallocation): Promise<void> {
  const { driver, length: before } = node
  if (preallocation === 'off' || driver.preallocate === undefined) return lengthen(node, wanted, preallocation)
  if (preallocation !== 'metadata') await takeStorage(node, wanted, preallocation)
  await node.truncate(wanted)
  await driver.preallocate(before, wanted - before)
}

/** Takes the space below, before anything of the image itself changes. @throws {BlockError} in QEMU's words */
async function takeStorage(node: BlockNode, wanted: number, preallocation: Preallocation): Promise<void> {
  const { clusterSize = 512 } = await node.details()
  const clusters = Math.ceil((wanted - node.length) / clusterSize)
  // Each has an entry of at most 16 bytes in a table, and of at most 8 in another.
  const tables = Math.ceil((clusters * 16) / clusterSize) + Math.ceil((clusters * 8) / clusterSize) + 1
  const apart = node.child('data-file')
  const file = apart ?? node.child('file')!
  const length = apart === undefined ? file.length + (clusters + tables) * clusterSize : wanted
  try {
    if (length > file.length) await lengthen(file, length, preallocation)
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    throw new BlockError(cause.kind, `Failed to resize underlying file: ${cause.message}`, cause.context, { cause })
  }
}
