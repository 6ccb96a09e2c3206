import { BlockError } from '../block-error.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import { takePlace } from '../drives/take-place.ts'
import type { Attachment } from '../graph/attachment.ts'
import type { BlockNode } from '../graph/node.ts'
import type { Driver } from '../open/driver.ts'

/** A filter that a job has put between an image and those who use it. */
export class FilterNode {
  readonly node: BlockNode
  readonly #drives: DriveSet
  /** Keeps it open until it is taken away. */
  readonly #hold: Attachment

  private constructor(drives: DriveSet, node: BlockNode, hold: Attachment) {
    this.#drives = drives
    this.node = node
    this.#hold = hold
  }

  /**
   * Puts a filter over an image. Requests wait meanwhile.
   *
   * @param name - what users call it; one is made up if they do not
   * @param inserted - whether a failure before it has its place is told as one to create the node, as QEMU tells it of
   *   filters that it creates and inserts in one step
   * @throws {BlockError} if it cannot have that name, or users and filter exclude each other; then nothing has changed
   */
  static async over(
    drives: DriveSet,
    image: BlockNode,
    driver: Driver,
    {
      name,
      readOnly = false,
      inserted = false,
    }: { readonly name: string | undefined; readonly readOnly?: boolean; readonly inserted?: boolean },
  ): Promise<FilterNode> {
    const node = await made(inserted, () => drives.graph.add(driver, { name, readOnly, discard: true }))
    let hold: Attachment | undefined
    try {
      await made(inserted, () => node.begin())
      hold = await node.attach({ description: 'a block job', owner: { kind: 'keeper' } })
      await takePlace(drives, image, node)
    } catch (error) {
      if (hold === undefined) await node.close()
      else await hold.detach()
      throw error
    }
    const filter = new FilterNode(drives, node, hold)
    if (driver.place === undefined) return filter
    try {
      driver.place()
      await node.begin()
      return filter
    } catch (error) {
      await filter.takeAway()
      throw error
    }
  }

  /** Lets those who use it use what is below. Later calls do nothing. */
  async takeAway(): Promise<void> {
    const below = this.node.behind
    if (this.node.state !== 'open' || below === undefined) return
    const { node } = this
    if (node.driver.retire !== undefined) {
      await node.drained(async () => node.driver.retire?.())
      await node.begin()
    }
    await takePlace(this.#drives, node, below)
    await this.close()
  }

  /** Nobody uses it any more. Later calls do nothing. */
  close(): Promise<void> {
    return this.#hold.detach()
  }
}

/** @throws {BlockError} as `make`; if the filter is inserted, with "Could not create node" before its text */
async function made<T>(inserted: boolean, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make()
  } catch (cause) {
    if (!inserted || !(cause instanceof BlockError)) throw cause
    throw new BlockError(cause.kind, `Could not create node: ${cause.message}`, cause.context, { cause })
  }
}

/** The node that a name given by the user means. @throws {BlockError} kind `missing` */
export function nodeNamed(drives: DriveSet, name: string): BlockNode {
  const node = drives.graph.find(name)
  if (node !== undefined) return node
  throw new BlockError('missing', `Cannot find device='' nor node-name='${name}'`, { node: name })
}
