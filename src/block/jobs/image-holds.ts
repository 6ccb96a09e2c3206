import type { Access } from '../graph/access.ts'
import type { Attachment } from '../graph/attachment.ts'
import type { BlockNode } from '../graph/node.ts'
import type { JobType } from './events.ts'

interface Hold {
  readonly attachment: Attachment
  readonly unblock: () => void
}

/** The nodes that a job has: nothing else is done with them, and they stay open. */
export class ImageHolds {
  readonly #job: { readonly id: string; readonly type: JobType }
  readonly #holds: Hold[] = []

  constructor(job: { readonly id: string; readonly type: JobType }) {
    this.#job = job
  }

  /**
   * @param link - what it is to the job
   * @throws {BlockError} kind `busy`, if its users and the job exclude each other
   */
  async take(node: BlockNode, link: string, access: Access): Promise<void> {
    const { id, type } = this.#job
    const attachment = await node.attach({ description: `${type} job '${id}'`, link, access })
    const unblock = node.blockers.block(`block device is in use by block job: ${type}`)
    this.#holds.push({ attachment, unblock })
  }

  /** Gives a node back, or all of them. */
  async giveBack(node?: BlockNode): Promise<void> {
    for (const hold of [...this.#holds].reverse()) {
      if (node !== undefined && hold.attachment.node !== node) continue
      this.#holds.splice(this.#holds.indexOf(hold), 1)
      hold.unblock()
      await hold.attachment.detach()
    }
  }
}
