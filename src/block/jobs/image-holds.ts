import type { Access, Permission } from '../graph/access.ts'
import { chainOf } from '../graph/allocation.ts'
import type { Attachment } from '../graph/attachment.ts'
import type { BlockNode } from '../graph/node.ts'
import type { JobType } from './events.ts'
import { overlayOf } from './overlay-of.ts'

interface Hold {
  readonly attachment: Attachment
  readonly unblock: () => void
}

/** The nodes that a job has: nothing else is done with them, and they stay open. */
export class ImageHolds {
  readonly #job: { readonly id: string; readonly type: JobType }
  readonly #holds: Hold[] = []
  #melts: (() => void)[] = []

  constructor(job: { readonly id: string; readonly type: JobType }) {
    this.#job = job
  }

  /**
   * @param link - what it is to the job
   * @throws {BlockError} kind `busy`, if its users and the job exclude each other
   */
  async take(node: BlockNode, link: string, access: Access): Promise<void> {
    const { id, type } = this.#job
    const attachment = await node.attach({
      description: `${type} job '${id}'`,
      link,
      access,
      owner: { kind: 'job', id },
    })
    const unblock = node.blockers.block(`block device is in use by block job: ${type}`)
    this.#holds.push({ attachment, unblock })
  }

  /**
   * Takes the nodes that are to go when what they hold has been written to the base: nobody reads them meanwhile. Filters
   * of the base show what it holds, and may be read.
   *
   * @param overlay - the image above the base, by which its filters are told from others
   * @throws {BlockError} as `take()`
   */
  async takeBetween(top: BlockNode, base: BlockNode, overlay = overlayOf(top, base)): Promise<void> {
    const filtersOfBase = new Set(chainOf(overlay).slice(1))
    for (const node of chainOf(top)) {
      if (node === base) break
      const shares: Permission[] = filtersOfBase.has(node) ? ['read', 'write'] : ['write']
      await this.take(node, 'intermediate node', { uses: [], shares })
    }
  }

  /** Keeps a chain together: what shows through each node down to the last one, which is not among them. */
  freeze(top: BlockNode, last: BlockNode | undefined): void {
    for (let node: BlockNode | undefined = top; node !== undefined && node !== last; node = node.behind) {
      this.#melts.push(node.blockers.freezeLink())
    }
  }

  /** Gives a node back, or all of them and the links between them. */
  async giveBack(node?: BlockNode): Promise<void> {
    if (node === undefined) for (const melt of this.#melts.splice(0)) melt()
    for (const hold of [...this.#holds].reverse()) {
      if (node !== undefined && hold.attachment.node !== node) continue
      this.#holds.splice(this.#holds.indexOf(hold), 1)
      hold.unblock()
      await hold.attachment.detach()
    }
  }
}
