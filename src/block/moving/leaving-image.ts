import type { DirtyBitmap } from '../bitmaps/index.ts'
import { BlockError } from '../block-error.ts'
import type { Drive } from '../drives/drive.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import { CopyBeforeWriteDriver } from '../filters/copy-before-write/copy-before-write-driver.ts'
import { CopyOnReadDriver } from '../filters/copy-on-read/copy-on-read-driver.ts'
import { MirrorTopDriver } from '../filters/mirror-top/mirror-top-driver.ts'
import { allocation, chainOf, skipFilters } from '../graph/allocation.ts'
import type { Attachment } from '../graph/attachment.ts'
import { chainStatus } from '../graph/chain-status.ts'
import type { BlockNode } from '../graph/node.ts'
import { isZero } from '../zeroes.ts'
import type { ImagePart } from './image-part.ts'

/** What has changed is noted and sent in pieces of this size. */
const granularity = 65536

const shares = ['read', 'write', 'resize'] as const

/** The image of a drive that is sent elsewhere, part by part, while the guest writes it. */
export class LeavingImage implements AsyncDisposable {
  readonly name: string
  readonly #drive: Drive
  readonly #node: BlockNode
  readonly #attachment: Attachment
  readonly #unsent: DirtyBitmap
  readonly #unblock: () => void
  #at = 0
  #passed = 0

  private constructor(drive: Drive, attachment: Attachment) {
    this.name = drive.id || attachment.node.name
    this.#drive = drive
    this.#attachment = attachment
    this.#node = attachment.node
    this.#unsent = this.#node.bitmaps.insert({ granularity })
    this.#unblock = this.#node.blockers.block('block device is in use by migration')
  }

  /**
   * Begins to note what is written; at first everything is to be sent.
   *
   * @param options.incremental - not what only the images behind it hold
   * @throws {BlockError} if it cannot be read
   */
  static async open(drive: Drive, top: BlockNode, options: { readonly incremental: boolean }): Promise<LeavingImage> {
    const node = belowJobs(top)
    const attachment = await node.attach({ description: 'migration', access: { uses: ['read'], shares } })
    const image = new LeavingImage(drive, attachment)
    try {
      if (options.incremental) await image.#markAllocated()
      else image.#unsent.mark(0, node.length)
      return image
    } catch (error) {
      await image[Symbol.asyncDispose]()
      throw error
    }
  }

  get byteLength(): number {
    return this.#node.length
  }

  /** Bytes that have been gone through, from the beginning on; all of them when `next()` begins to send changes. */
  get passedBytes(): number {
    return this.#passed
  }

  /** Bytes that are to be sent, as far as is known. */
  get unsentBytes(): number {
    return this.#unsent.dirtyBytes
  }

  /**
   * The next part that is to be sent: from the beginning to the end, then whatever has changed.
   *
   * @param most - bytes that are to be in one, if that is more than a granule
   * @returns undefined, if there is nothing for the moment
   * @throws {BlockError} if it cannot be read; `busy`, if another image has come into the drive
   */
  async next(most: number): Promise<ImagePart | undefined> {
    this.#checkInDrive()
    let area = this.#unsent.nextDirty(this.#at)
    if (area === undefined) {
      this.#passed = this.byteLength
      area = this.#unsent.nextDirty(0)
      if (area === undefined) return undefined
    }
    const part = await this.#take(area.offset, area.length, most)
    this.#at = part.offset + part.length
    this.#passed = Math.max(this.#passed, this.#at)
    return part
  }

  /** Notes nothing any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unblock()
    this.#node.bitmaps.drop(this.#unsent)
    await this.#attachment.detach()
  }

  /** What is written to another image is not noted. */
  #checkInDrive(): void {
    const { node } = this.#drive
    if (node !== undefined && [...filtersOver(node), skipFilters(node)].includes(this.#node)) return
    throw new BlockError('busy', `Block device ${this.name} has got another image while it was sent`)
  }

  async #take(offset: number, length: number, most: number): Promise<ImagePart> {
    const status = await chainStatus(this.#node, offset, length)
    const isLast = offset + status.length === this.byteLength
    const zeroes = isLast ? status.length : status.length - (status.length % granularity)
    if (status.zero && zeroes > 0) {
      this.#unsent.unmark(offset, zeroes)
      // What is written from here on is noted again; what was written just before must not count as zeroes.
      const again = await chainStatus(this.#node, offset, zeroes)
      if (again.zero && again.length === zeroes) return { offset, length: zeroes, bytes: undefined }
      this.#unsent.mark(offset, zeroes)
    }
    const piece = Math.min(length, Math.max(granularity, most - (most % granularity)))
    this.#unsent.unmark(offset, piece)
    const bytes = await this.#node.read(offset, piece)
    return { offset, length: piece, bytes: isZero(bytes) ? undefined : bytes }
  }

  async #markAllocated(): Promise<void> {
    const top = skipFilters(this.#node)
    for (let offset = 0; offset < this.byteLength; ) {
      const found = await allocation(this.#node, top, offset, this.byteLength - offset)
      if (found.allocated) this.#unsent.mark(offset, found.length)
      offset += found.length
    }
  }
}

/**
 * The images of drives that can be written, to be sent elsewhere.
 *
 * @throws {BlockError} if one of them cannot be read; `busy`, if a job may put another one in its place at the end
 */
export async function leavingImages(
  drives: DriveSet,
  options: { readonly incremental: boolean },
): Promise<LeavingImage[]> {
  const images: LeavingImage[] = []
  try {
    for (const drive of drives) {
      const { node } = drive
      if (node === undefined || node.readOnly || node.length === 0) continue
      for (const filter of filtersOver(node)) {
        if (filter.driver instanceof MirrorTopDriver) drives.checkFree(filter, 'replace')
      }
      images.push(await LeavingImage.open(drive, node, options))
    }
    return images
  } catch (error) {
    for (const image of images) await image[Symbol.asyncDispose]()
    throw error
  }
}

/** What is in a drive when jobs that copy it elsewhere, or from behind it, have ended and taken their filters away. */
function belowJobs(top: BlockNode): BlockNode {
  const filter = filtersOver(top).findLast(
    ({ driver }) => driver instanceof CopyBeforeWriteDriver || driver instanceof CopyOnReadDriver,
  )
  return filter?.behind ?? top
}

function filtersOver(top: BlockNode): BlockNode[] {
  const chain = chainOf(top)
  return chain.slice(0, chain.indexOf(skipFilters(top)))
}
