import { BlockError } from '../block-error.ts'
import { reasonOf } from '../block-reason.ts'
import type { Permission } from '../graph/access.ts'
import type { Attachment } from '../graph/attachment.ts'
import { copyDown } from '../graph/copy-down.ts'
import type { BlockNode } from '../graph/node.ts'
import { withOwnFile } from './own-file.ts'

const all: readonly Permission[] = ['read', 'write', 'resize']

/** @returns the image behind it @throws {BlockError} if there is none, or a job has one of the two */
export function checkCommit(image: BlockNode): BlockNode {
  const base = image.driver.filters === true ? undefined : image.child('backing')
  if (base === undefined) throw inWords(new BlockError('unsupported', 'there is no backing file'))
  if (image.blockers.against('commit-source') !== undefined || base.blockers.against('commit-target') !== undefined) {
    throw inWords(new BlockError('busy', 'a job has the image', { code: 'EBUSY' }))
  }
  return base
}

/**
 * Writes what an image holds into the one behind it, and empties it. The guest's requests wait meanwhile: between the
 * first byte and the last the image has nothing behind it.
 *
 * @throws {BlockError} its message is the system's word for the failure; what QEMU tells besides is its `cause`
 */
export async function commitImage(image: BlockNode): Promise<void> {
  const base = checkCommit(image)
  const restore = base.readOnly ? await openForWriting(base) : undefined
  try {
    await commitInto(base, image)
  } finally {
    await restore?.()
  }
}

async function commitInto(base: BlockNode, image: BlockNode): Promise<void> {
  const holds: Attachment[] = []
  let apart = false
  try {
    await told(
      async () => {
        // What writes already need not ask again, and some who use the image would not let others write.
        const writes = image.access.uses.includes('write')
        const uses = writes ? (['read'] as const) : (['read', 'write'] as const)
        holds.push(await image.attach({ description: 'commit', access: { uses, shares: all } }))
        holds.push(await base.attach({ description: 'commit', access: { uses: [], shares: all } }))
        // An image does not let others write behind it.
        await image.replaceChild('backing', undefined)
        apart = true
        await holds[1]!.update({ uses: ['read', 'write', 'resize'], shares: all })
      },
      () => 'Operation not permitted',
    )
    if (image.length > base.length) await told(() => base.truncate(image.length), reasonOf)
    await copyDown(image, base, { keepsHoles: false })
    await image.driver.empty?.()
    await image.flush()
  } catch (error) {
    throw error instanceof BlockError && !(error.cause instanceof BlockError) ? inWords(error) : error
  } finally {
    await holds[1]?.update({ uses: [], shares: all })
    if (apart) await image.replaceChild('backing', base)
    for (const hold of holds.reverse()) await hold.detach()
  }
}

/** @returns what makes it read-only again @throws {BlockError} */
async function openForWriting(base: BlockNode): Promise<() => Promise<void>> {
  const before = withOwnFile(base).map((node) => ({ node, settings: { ...node.settings, given: node.given } }))
  const restore = async (): Promise<void> => {
    for (const { node, settings } of [...before].reverse()) if (settings.readOnly) await node.reconfigure(settings)
  }
  try {
    for (const { node, settings } of before) await node.reconfigure({ ...settings, readOnly: false })
  } catch (cause) {
    await restore()
    if (!(cause instanceof BlockError)) throw cause
    throw new BlockError('permission', 'Permission denied', { node: base.name })
  }
  return restore
}

/** What QEMU tells in full, before the system's word for it. */
async function told(work: () => Promise<void>, wordFor: (error: BlockError) => string): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new BlockError(error.kind, wordFor(error), error.context, { cause: error })
  }
}

function inWords(error: BlockError): BlockError {
  return new BlockError(error.kind, reasonOf(error), error.context)
}
