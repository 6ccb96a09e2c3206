import type { Access, AccessHolder } from './access.ts'
import type { BlockNode } from './node.ts'

interface AttachmentActions {
  update(access: Access): Promise<void>
  detach(): Promise<void>
}

/** Who holds a node, and what for. */
export type HolderName = Omit<AccessHolder, 'access'>

/** One user's hold on a node. The node closes when its last user detaches. */
export class Attachment implements AccessHolder {
  readonly node: BlockNode
  readonly name: HolderName
  #access: Access
  readonly #actions: AttachmentActions

  /** @internal attachments come from `BlockNode.attach()` */
  constructor(node: BlockNode, name: HolderName, access: Access, actions: AttachmentActions) {
    this.node = node
    this.name = name
    this.#access = access
    this.#actions = actions
  }

  get description(): string {
    return this.name.description
  }

  get link(): string {
    return this.name.link
  }

  get owner(): HolderName['owner'] {
    return this.name.owner
  }

  get early(): boolean {
    return this.name.early
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
