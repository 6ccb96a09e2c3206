import { BlockError } from '../block-error.ts'
import { createImage } from '../create/create-image.ts'
import type { Attachment } from '../graph/attachment.ts'
import type { BlockNode } from '../graph/node.ts'
import type { DriveSet } from './drive-set.ts'
import type { GraphChange } from './graph-change.ts'
import { withOwnFile } from './own-file.ts'
import { takePlace } from './take-place.ts'

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
  /** What is below the overlay now. */
  #lowered: BlockNode | undefined
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
      this.#drives.checkFree(base, 'external-snapshot')
      await flush(base)
      const overlay = await this.#overlay(base)
      await this.#hold(overlay)
      this.#check(overlay)
      await this.#putOnTop(overlay, base)
      this.#lowered = base
    } catch (error) {
      await this.abort()
      await this.finish()
      throw error
    }
  }

  async abort(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo()
  }

  /** The image below is not written any more, unless somebody else does. */
  async commit(): Promise<void> {
    const base = this.#lowered
    if (base === undefined || base.readOnly) return
    try {
      for (const node of withOwnFile(base).reverse()) {
        await node.reconfigure({ ...node.settings, given: node.given, readOnly: true })
      }
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
    }
  }

  async finish(): Promise<void> {
    for (const hold of this.#holds.splice(0)) await hold.detach()
  }

  #base(): BlockNode {
    const target = this.#target
    return this.#drives.image('overlay' in target ? { device: target.node, nodeName: target.node } : target)
  }

  async #hold(node: BlockNode): Promise<void> {
    this.#holds.push(await node.attach({ description: `the command ${this.name}`, owner: { kind: 'keeper' } }))
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
      const plan = { filename, format, size: base.length, toWrite: true, backing }
      await createImage(graph, plan, () => this.#drives.print(describeImage(plan)))
    }
    return graph.open({
      filename,
      readOnly: base.readOnly,
      options: {
        driver: format,
        ...(overlayName !== undefined && { 'node-name': overlayName }),
        // The image below is there already: what the file names is not opened a second time.
        ...(format !== 'raw' && { backing: null }),
        'cache.direct': base.cache.direct,
        'cache.no-flush': base.cache.noFlush,
        ...(base.discards && { discard: 'unmap' }),
      },
    })
  }

  #check(overlay: BlockNode): void {
    const context = { node: overlay.name }
    if (this.#drives.holding(overlay).length > 0 || overlay.access.uses.includes('read')) {
      throw new BlockError('busy', 'The overlay is already in use', context)
    }
    if (overlay.driver.filters === true) {
      throw new BlockError('unsupported', 'Filters cannot be used as overlays', context)
    }
    if (overlay.child('backing') !== undefined) {
      throw new BlockError('busy', 'The overlay already has a backing image', context)
    }
    if (overlay.driver.takesBacking !== true) {
      throw new BlockError('unsupported', 'The overlay does not support backing images', context)
    }
  }

  async #putOnTop(overlay: BlockNode, base: BlockNode): Promise<void> {
    await overlay.replaceChild('backing', base)
    this.#undo.push(() => overlay.replaceChild('backing', undefined))
    this.#undo.push(await takePlace(this.#drives, base, overlay))
  }
}

async function flush(node: BlockNode): Promise<void> {
  try {
    await node.flush()
  } catch (cause) {
    throw new BlockError('io', 'An IO error has occurred', { node: node.name }, { cause })
  }
}

/** What QEMU prints of an image that it makes, with what is as always. */
export function describeImage({
  filename,
  format,
  size,
  backing,
}: {
  readonly filename: string
  readonly format: string
  readonly size: number
  readonly backing?: { readonly filename: string; readonly format: string }
}): string {
  if (format !== 'qcow2') return `Formatting '${filename}', fmt=${format} size=${size}`
  const behind =
    backing === undefined ? '' : ` backing_file=${backing.filename.replaceAll(',', ',,')} backing_fmt=${backing.format}`
  return (
    `Formatting '${filename}', fmt=${format} cluster_size=65536 extended_l2=off compression_type=zlib size=${size}` +
    `${behind} lazy_refcounts=off refcount_bits=16`
  )
}
