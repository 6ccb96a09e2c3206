import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import { OptionBag } from '../open/option-bag.ts'
import { withOwnFile } from './own-file.ts'

/** An image that is written for a while, though it was read only. */
export class ReadOnlyAgain {
  readonly #image: BlockNode
  #before: { readonly node: BlockNode; readonly settings: Parameters<BlockNode['reconfigure']>[0] }[] = []

  constructor(image: BlockNode) {
    this.#image = image
  }

  /** @throws {BlockError} if it cannot be written */
  async begin(): Promise<void> {
    if (!this.#image.readOnly) return
    for (const node of withOwnFile(this.#image)) {
      const stays = new OptionBag(node.given).takeBoolean('read-only') === true
      if (node !== this.#image && stays) throw new BlockError('read-only', 'Block node is read-only')
      const settings = { ...node.settings, given: node.given }
      await node.reconfigure({ ...settings, readOnly: false })
      this.#before.push({ node, settings })
    }
  }

  /** What can be is read only again. Later calls do nothing. */
  async undo(): Promise<void> {
    for (const { node, settings } of this.#before.splice(0).reverse()) {
      if (node.state === 'open' && settings.readOnly) await node.reconfigure(settings).catch(onlyIfBlock)
    }
  }
}

/** Somebody else writes to it by now: it stays as it is. */
function onlyIfBlock(error: unknown): void {
  if (!(error instanceof BlockError)) throw error
}
