import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import { type SnapshotInfo, snapshotInfo } from '../graph/node-info.ts'
import type { Snapshot, Snapshots } from '../open/driver.ts'
import type { DriveSet } from './drive-set.ts'
import type { GraphChange } from './graph-change.ts'

export interface InternalSnapshotTarget {
  /** Name of a drive, or of a node. */
  readonly device: string
  readonly name: string
}

/** Keeps what an image shows inside the image itself. */
export class InternalSnapshot implements GraphChange {
  readonly name = 'blockdev-snapshot-internal-sync'
  readonly #drives: DriveSet
  readonly #target: InternalSnapshotTarget
  #made: { readonly snapshots: Snapshots; readonly snapshot: Snapshot } | undefined

  constructor(drives: DriveSet, target: InternalSnapshotTarget) {
    this.#drives = drives
    this.#target = target
  }

  async prepare(): Promise<void> {
    const { device, name } = this.#target
    const node = rootImage(this.#drives, device)
    this.#drives.checkFree(node, 'internal-snapshot')
    if (node.readOnly) throw new BlockError('read-only', `Device '${device}' is read only`, { node: node.name })
    const { snapshots } = node.driver
    if (snapshots === undefined) {
      const text = `Block format '${node.driver.name}' used by device '${device}' does not support internal snapshots`
      throw new BlockError('unsupported', text, { node: node.name })
    }
    if (name === '') throw new BlockError('invalid', 'Name is empty')
    if (snapshots.list.some((other) => other.name === name)) {
      throw new BlockError('duplicate', `Snapshot with name '${name}' already exists on device '${device}'`)
    }
    try {
      this.#made = { snapshots, snapshot: await snapshots.create({ name }) }
    } catch (cause) {
      const reason = cause instanceof BlockError && cause.context.code !== undefined ? `: ${cause.message}` : ''
      const text = `Failed to create snapshot '${name}' on device '${device}'${reason}`
      throw new BlockError('io', text, { node: node.name }, { cause })
    }
  }

  async abort(): Promise<void> {
    if (this.#made !== undefined) await this.#made.snapshots.delete(this.#made.snapshot.id)
  }

  async finish(): Promise<void> {
    this.#made = undefined
  }
}

/**
 * Deletes a snapshot inside an image, by its id, its name, or both.
 *
 * @returns what it was
 * @throws {BlockError} in QEMU's words
 */
export async function deleteInternalSnapshot(
  drives: DriveSet,
  { device, id, name }: { device: string; id?: string | undefined; name?: string | undefined },
): Promise<SnapshotInfo> {
  const node = rootImage(drives, device)
  if (id === undefined && name === undefined) throw new BlockError('invalid', 'Name or id must be provided')
  drives.checkFree(node, 'internal-snapshot')
  const { snapshots } = node.driver
  if (snapshots === undefined) {
    throw new BlockError('unsupported', 'Failed to get a snapshot list: Operation not supported', { node: node.name })
  }
  const found = snapshots.list.find(
    (one) => (id === undefined || one.id === id) && (name === undefined || one.name === name),
  )
  if (found === undefined) {
    const text = `Snapshot with id '${id ?? 'null'}' and name '${name ?? 'null'}' does not exist on device '${device}'`
    throw new BlockError('missing', text, { node: node.name })
  }
  await snapshots.delete(found.id)
  return snapshotInfo(found)
}

/** The image of a drive, or a node that is below no other. @throws {BlockError} as `DriveSet.image()`; kind `invalid` */
export function rootImage(drives: DriveSet, name: string): BlockNode {
  const image = drives.image({ device: name, nodeName: name })
  if (image.isRoot) return image
  throw new BlockError('invalid', 'Need a root block node', { node: image.name })
}
