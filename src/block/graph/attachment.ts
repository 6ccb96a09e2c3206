import type { Access, AccessHolder } from './access.ts'
import type { BlockNode } from './node.ts'

interface AttachmentActions {
  update(access: Access): Promise<void>
  detach(): Promise<void>
}

/** Who holds a node, and what for. */
export type HolderName = Pick<AccessHolder, 'description' | 'link'>

/** One user's hold on a node. The node closes when its last user detaches. */
export class Attachment implements AccessHolder {
  readonly node: BlockNode
  readonly description: string
  readonly link: string
  #access: Access
  readonly #actions: AttachmentActions

  /** @internal attachments come from `BlockNode.attach()` */
  constructor(node: BlockNode, { description, link }: HolderName, access: Access, actions: AttachmentActions) {
    this.node = node
    this.description = description
    this.link = link
    this.#access = access
    this.#actions = actions
  }

  get access(): Access {
    return this.#access
  }

  /** Changes what the user does with the node. @throws {BlockError} as `BlockNode.attach()`; then nothing has changed */
  update(access: Access): Promise<void> {
    return this.#actions.update(access)
  }

  /** Leaves the node; later calls do nothing. Waits for requests if that closes the node. */
  detach(): Promise<void> {
    return this.#actions.detach()
  }

  /** @internal for the node, after it has checked */
  become(access: Access): void {
    this.#access = access
  }
}
