import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import type { AmendRequest } from '../open/driver.ts'

/**
 * Gives an image other features.
 *
 * @throws {BlockError} in QEMU's words: kind `unsupported`, if its format cannot; `busy` and `locked`, if it needs its
 *   file alone, and others use it; as the format says
 */
export async function amendNode(node: BlockNode, request: AmendRequest): Promise<void> {
  const { driver } = node
  if (driver.amend === undefined) {
    throw new BlockError('unsupported', `Format driver '${driver.name}' does not support option amendment`)
  }
  const end = await withFileAlone(node)
  try {
    await driver.amend(request)
  } finally {
    await end()
  }
}

/**
 * Gives an image that is to be amended its file for itself, if it needs that.
 *
 * @returns ends that
 * @throws {BlockError} kinds `busy` and `locked`, if others use the file
 */
export async function withFileAlone(node: BlockNode): Promise<() => Promise<void>> {
  const { driver } = node
  const end = async (): Promise<void> => {
    driver.amendments = (driver.amendments ?? 1) - 1
    await node.begin()
  }
  driver.amendments = (driver.amendments ?? 0) + 1
  await node.begin().catch(async (error: unknown) => {
    await end()
    throw error
  })
  return end
}
