import { BlockError } from '../block-error.ts'
import type { Drive } from '../drives/drive.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import type { Attachment } from '../graph/attachment.ts'
import { chainStatus } from '../graph/chain-status.ts'
import type { ImagePart } from './image-part.ts'

const shares = ['read', 'write', 'resize'] as const

/** An image as it is called where it comes from. */
export interface ExpectedImage {
  readonly name: string
  readonly byteLength: number
}

/** The image of a drive into which another one comes, part by part. */
export class ArrivingImage implements AsyncDisposable {
  readonly #name: string
  readonly #attachment: Attachment
  readonly #byteLength: number

  private constructor(name: string, attachment: Attachment, byteLength: number) {
    this.#name = name
    this.#attachment = attachment
    this.#byteLength = byteLength
  }

  /**
   * Becomes a user of the image while it is still another process's: so it may write beside the guest's device, which does
   * not run yet, whatever that lets others do.
   *
   * @throws {BlockError} if there is no such drive, or nothing can be written to it
   */
  static async open(drives: DriveSet, { name, byteLength }: ExpectedImage): Promise<ArrivingImage> {
    const drive = find(drives, name)
    if (drive === undefined) throw new BlockError('missing', `Error unknown block device ${name}`)
    const { node } = drive
    if (node === undefined) throw new BlockError('empty', `Block device ${name} has no medium`)
    node.checkWritable()
    const attachment = await node.attach({ description: 'migration', access: { uses: ['write'], shares } })
    return new ArrivingImage(name, attachment, byteLength)
  }

  /** Now that the image is this process's. @throws {BlockError} kind `range`, if what comes does not fit into it */
  check(): void {
    const { length } = this.#attachment.node
    if (length >= this.#byteLength) return
    const text = `Block device ${this.#name} has ${length} bytes here, and ${this.#byteLength} at the source`
    throw new BlockError('range', text)
  }

  /** @throws {BlockError} kind `range`, if it lies outside; as `BlockNode.write()` */
  async put({ offset, length, bytes }: ImagePart): Promise<void> {
    const { node } = this.#attachment
    if (offset + length > this.#byteLength)
      throw new BlockError('range', 'the stream has a part of a disk behind its end')
    if (bytes !== undefined) return node.write(offset, bytes)
    for (let at = offset; at < offset + length; ) {
      const status = await chainStatus(node, at, offset + length - at)
      if (!status.zero) await node.writeZeroes(at, status.length, { unmap: true })
      at += status.length
    }
  }

  /** Brings everything to the storage. @throws {BlockError} as `BlockNode.flush()` */
  flush(): Promise<void> {
    return this.#attachment.node.flush()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#attachment.detach()
  }
}

/**
 * Images of drives into which others are to come; this process takes them from now on, with what others have written to
 * them before.
 *
 * @throws {BlockError} kind `locked`, if another process has one; as `ArrivingImage.open()` and `check()`
 */
export async function arrivingImages(drives: DriveSet, expected: readonly ExpectedImage[]): Promise<ArrivingImage[]> {
  const images: ArrivingImage[] = []
  try {
    for (const one of expected) images.push(await ArrivingImage.open(drives, one))
    await drives.graph.claim({ written: true })
    for (const image of images) image.check()
    return images
  } catch (error) {
    for (const image of images) await image[Symbol.asyncDispose]()
    throw error
  }
}

/** By the drive's name; one that has none goes by that of its node. */
function find(drives: DriveSet, name: string): Drive | undefined {
  return drives.find(name) ?? [...drives].find(({ id, node }) => id === '' && node?.name === name)
}
