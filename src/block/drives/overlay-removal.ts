import { BlockError } from '../block-error.ts'
import type { Attachment } from '../graph/attachment.ts'
import type { BlockNode } from '../graph/node.ts'
import { commitImage } from './commit.ts'
import type { DriveSet } from './drive-set.ts'
import { withOwnFile } from './own-file.ts'
import { takePlace } from './take-place.ts'

/** Takes the overlay away again that is put on an image after this has been made. */
export class OverlayRemoval {
  readonly #drives: DriveSet
  readonly #base: BlockNode
  readonly #before
  readonly #aboveBefore: ReadonlySet<BlockNode>
  #overlay: BlockNode | undefined

  constructor(drives: DriveSet, base: BlockNode) {
    this.#drives = drives
    this.#base = base
    this.#before = withOwnFile(base).map((node) => ({ node, settings: { ...node.settings, given: node.given } }))
    this.#aboveBefore = new Set(this.#above())
  }

  /** The overlay is there. */
  placed(): void {
    this.#overlay = this.#above().find((node) => !this.#aboveBefore.has(node))
  }

  /**
   * Brings what has been written to the overlay into the image, which is used in its place again and can be written as
   * before. Nobody makes requests meanwhile.
   *
   * @throws {BlockError} kind `busy`, if the overlay is not over the image any more, or a job has one of the two; as
   *   `commitImage()`; then the overlay stays
   */
  async run(): Promise<void> {
    const [overlay, base] = [this.#overlay, this.#base]
    if (overlay === undefined || overlay.child('backing') !== base)
      throw new BlockError('busy', `Node '${base.name}' has no overlay that could be taken away`, { node: base.name })
    const holds: Attachment[] = []
    try {
      for (const node of [overlay, base]) holds.push(await node.attach({ description: 'a fork' }))
      await commitImage(overlay)
      for (const { node, settings } of this.#before) await node.reconfigure(settings)
      await takePlace(this.#drives, overlay, base)
      await overlay.replaceChild('backing', undefined)
    } finally {
      for (const hold of holds) await hold.detach()
    }
  }

  #above(): BlockNode[] {
    return this.#drives.graph.above(this.#base).flatMap(({ node, role }) => (role === 'backing' ? [node] : []))
  }
}
