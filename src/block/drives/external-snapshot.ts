import type { Attachment } from '../attachment.ts'
import { BlockError } from '../block-error.ts'
import { createImage } from '../create-image.ts'
import type { BlockNode } from '../node.ts'
import type { Drive } from './drive.ts'
import type { DriveSet } from './drive-set.ts'
import type { GraphChange } from './graph-change.ts'

/** A new image, or one that is there, that is to take what is written from now on. */
export interface OverlayFile {
  readonly device?: string | undefined
  readonly nodeName?: string | undefined
  readonly filename: string
  /** Name of the node that the overlay becomes. */
  readonly overlayName?: string | undefined
  /** Default: `qcow2`. */
  readonly format?: string | undefined
  /** `existing`: the file is there, and shows what the image below shows. */
  readonly mode?: 'existing' | 'absolute-paths' | undefined
}

/** A node that is open already and is to take what is written from now on. */
export interface OverlayNode {
  readonly node: string
  readonly overlay: string
}

/** Puts an overlay on an image: what used the image uses the overlay, and the image below stays as it is. */
export class ExternalSnapshot implements GraphChange {
  readonly name: 'blockdev-snapshot-sync' | 'blockdev-snapshot'
  readonly #drives: DriveSet
  readonly #target: OverlayFile | OverlayNode
  /** Keep both nodes open until it is clear which of them stays. */
  readonly #holds: Attachment[] = []
  readonly #undo: (() => Promise<void>)[] = []

  constructor(drives: DriveSet, target: OverlayFile | OverlayNode) {
    this.name = 'overlay' in target ? 'blockdev-snapshot' : 'blockdev-snapshot-sync'
    this.#drives = drives
    this.#target = target
  }

  async prepare(): Promise<void> {
    try {
      const base = this.#base()
      await this.#hold(base)
      await flush(base)
      const overlay = await this.#overlay(base)
      await this.#hold(overlay)
      this.#check(overlay)
      await this.#putOnTop(overlay, base)
    } catch (error) {
      await this.abort()
      await this.finish()
      throw error
    }
  }

  async abort(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo()
  }

  async finish(): Promise<void> {
    for (const hold of this.#holds.splice(0)) await hold.detach()
  }

  #base(): BlockNode {
    const target = this.#target
    return this.#drives.image('overlay' in target ? { device: target.node, nodeName: target.node } : target)
  }

  async #hold(node: BlockNode): Promise<void> {
    this.#holds.push(await node.attach({ description: `the command ${this.name}` }))
  }

  async #overlay(base: BlockNode): Promise<BlockNode> {
    const { graph } = this.#drives
    const target = this.#target
    if ('overlay' in target) return this.#drives.image({ device: target.overlay, nodeName: target.overlay })
    const { filename, format = 'qcow2', mode = 'absolute-paths', nodeName, overlayName } = target
    if (nodeName !== undefined && overlayName === undefined) {
      throw new BlockError('invalid', 'New overlay node-name missing')
    }
    if (overlayName !== undefined && (graph.find(overlayName) ?? this.#drives.find(overlayName)) !== undefined) {
      throw new BlockError('duplicate', 'New overlay node-name already in use', { node: overlayName })
    }
    if (mode !== 'existing') {
      const backing = { filename: base.filename, format: base.driver.name }
      await createImage(graph, { filename, format, size: base.length, backing })
    }
    return graph.open({
      filename,
      options: {
        driver: format,
        ...(overlayName !== undefined && { 'node-name': overlayName }),
        // The image below is there already: what the file names is not opened a second time.
        ...(format !== 'raw' && { backing: null }),
        'cache.direct': base.cache.direct,
        'cache.no-flush': base.cache.noFlush,
      },
    })
  }

  #check(overlay: BlockNode): void {
    const context = { node: overlay.name }
    if ([...this.#drives].some(({ node }) => node === overlay)) {
      throw new BlockError('busy', 'The overlay is already in use', context)
    }
    if (overlay.child('backing') !== undefined) {
      throw new BlockError('busy', 'The overlay already has a backing image', context)
    }
    if (overlay.driver.setChild === undefined) {
      throw new BlockError('unsupported', 'The overlay does not support backing images', context)
    }
  }

  async #putOnTop(overlay: BlockNode, base: BlockNode): Promise<void> {
    const drives = [...this.#drives].filter(({ node }) => node === base)
    const above = [...this.#drives.graph.nodes].filter((node) => node.child('backing') === base)
    await overlay.replaceChild('backing', base)
    this.#undo.push(() => overlay.replaceChild('backing', undefined))
    for (const drive of drives) {
      await drive.switchTo(overlay)
      this.#undo.push(() => switchBack(drive, base))
    }
    for (const node of above) {
      await node.replaceChild('backing', overlay)
      this.#undo.push(() => node.replaceChild('backing', base))
    }
  }
}

function switchBack(drive: Drive, base: BlockNode): Promise<void> {
  return drive.switchTo(base)
}

async function flush(node: BlockNode): Promise<void> {
  try {
    await node.flush()
  } catch (cause) {
    throw new BlockError('io', 'An IO error has occurred', { node: node.name }, { cause })
  }
}
