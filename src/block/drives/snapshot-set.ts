import { reasonText } from '../../errno/index.ts'
import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import { type SnapshotInfo, snapshotInfo } from '../graph/node-info.ts'
import type { NewSnapshot, Snapshot, Snapshots, VmState } from '../open/driver.ts'
import type { DriveSet } from './drive-set.ts'
import type { GraphControl } from './graph-control.ts'

/** The image that has the machine's state, among those that are snapshotted together. */
export interface StateImage {
  readonly state: VmState
  /** Bytes of the state in the snapshot of a name; undefined if there is no such snapshot. */
  sizeOf(name: string): number | undefined
}

/** Snapshots of all images, as people are shown them. */
export interface SnapshotOverview {
  /** In every image: with them the machine can be loaded. */
  readonly complete: readonly SnapshotInfo[]
  /** The others, by drive; that of an image without one has no name. */
  readonly partial: readonly { readonly drive: string; readonly snapshots: readonly SnapshotInfo[] }[]
}

interface Member {
  /** What users call it. */
  readonly name: string
  readonly node: BlockNode
  readonly snapshots: Snapshots
}

/** Internal snapshots of all the images of a machine together, or of some. Errors are in QEMU's words. */
export class SnapshotSet {
  readonly #drives: DriveSet
  readonly #graph: GraphControl

  constructor(drives: DriveSet, graph: GraphControl) {
    this.#drives = drives
    this.#graph = graph
  }

  /**
   * Has the images to itself for an operation; `work` must not ask for another turn.
   *
   * @param devices - nodes, by their names; without it all that the guest or others write
   * @throws {BlockError} if one of them is missing, or cannot have snapshots
   */
  exclusively<T>(devices: readonly string[] | undefined, work: (images: SnapshotImages) => Promise<T>): Promise<T> {
    return this.#drives.exclusively(async () => {
      const members = this.#members(devices)
      return work(new SnapshotImages(members, { drives: this.#drives, graph: this.#graph }))
    })
  }

  /** @throws {BlockError} kind `unsupported`, if no image can hold a machine's state */
  overview(): SnapshotOverview {
    const able = this.#images.flatMap((node) => {
      const snapshots = node.readOnly ? undefined : snapshotsOf(node)
      return snapshots === undefined ? [] : [{ node, snapshots }]
    })
    const taking = able.filter(({ node }) => this.#included(node))
    const [first] = taking
    if (first === undefined) throw noState()
    const everywhere = ({ name }: Snapshot): boolean =>
      taking.every(({ snapshots }) => snapshots.list.some((other) => other.name === name))
    const partial = able.flatMap(({ node, snapshots }) => {
      const [drive] = this.#drives.holding(node)
      const some = snapshots.list.filter((snapshot) => !everywhere(snapshot)).map(snapshotInfo)
      return some.length === 0 ? [] : [{ drive: drive?.id ?? '', snapshots: some }]
    })
    return { complete: first.snapshots.list.filter(everywhere).map(snapshotInfo), partial }
  }

  #members(devices: readonly string[] | undefined): readonly Member[] {
    const nodes = devices === undefined ? this.#images.filter((node) => this.#included(node)) : this.#named(devices)
    return nodes.map((node) => {
      const snapshots = node.readOnly ? undefined : snapshotsOf(node)
      const name = this.#drives.nameOf(node)
      if (snapshots !== undefined) return { name, node, snapshots }
      throw new BlockError('unsupported', `Device '${name}' is writable but does not support snapshots`)
    })
  }

  #named(devices: readonly string[]): BlockNode[] {
    if (devices.length === 0) throw new BlockError('invalid', 'At least one device is required for snapshot')
    return devices.map((name) => {
      const node = this.#drives.graph.find(name)
      if (node === undefined) throw new BlockError('missing', `No block device node '${name}'`)
      return node
    })
  }

  /** Those that are in drives, then the others that jobs, exports or users have. */
  get #images(): BlockNode[] {
    const inDrives = [...this.#drives].flatMap(({ node }) => node ?? [])
    const others = this.#drives.graph.inOrder.filter((node) => node.usedBesides(undefined))
    return [...new Set([...inDrives, ...others])]
  }

  /** Whether somebody writes an image, or it is there by itself. */
  #included(node: BlockNode): boolean {
    if (node.readOnly) return false
    return node.usedBesides(this.#graph.holdOf(node)) || this.#drives.graph.above(node).length === 0
  }
}

/** The images of an operation on their snapshots. */
export class SnapshotImages {
  readonly #members: readonly Member[]
  readonly #drives: DriveSet
  readonly #graph: GraphControl

  /** @internal they come from `SnapshotSet.exclusively()` */
  constructor(
    members: readonly Member[],
    { drives, graph }: { readonly drives: DriveSet; readonly graph: GraphControl },
  ) {
    this.#members = members
    this.#drives = drives
    this.#graph = graph
  }

  /** Whether every image has a snapshot of that name. */
  has(name: string): boolean {
    return this.#members.every(({ snapshots }) => find(snapshots, name) !== undefined)
  }

  /** @throws {BlockError} if there is none of that name among them, or none at all */
  stateImage(nodeName: string | undefined): StateImage {
    const found = this.#stateMember(nodeName)
    return { state: found.snapshots.state, sizeOf: (name) => find(found.snapshots, name)?.vmStateSize }
  }

  /**
   * Makes a snapshot in every image, in the place of those that have its name. The machine's state goes to one of them.
   *
   * @throws {BlockError} if one cannot be made; then none is made
   */
  async create(wanted: NewSnapshot & { readonly vmStateSize: number }, nodeName: string | undefined): Promise<void> {
    const stateMember = this.#stateMember(nodeName)
    await this.#graph.standingStill(async () => {
      await this.#deleteAll(wanted.name)
      for (const member of this.#members) {
        const vmStateSize = member === stateMember ? wanted.vmStateSize : 0
        try {
          await member.snapshots.create({ ...wanted, vmStateSize })
        } catch (cause) {
          await this.#deleteAll(wanted.name).catch(() => undefined) // what went wrong first counts
          const text = `Could not create snapshot '${wanted.name}' on '${member.name}'`
          throw new BlockError('io', text, { node: member.node.name }, { cause })
        }
      }
    })
  }

  /** Lets every image show what it showed then. The guest has no requests on their way. @throws {BlockError} */
  async revert(name: string): Promise<void> {
    for (const { name: image, node } of this.#members) {
      if (!node.bitmaps.isEmpty) throw couldNot('load', name, image, 'Device has active dirty bitmaps')
      const reason = node.blockers.against('internal-snapshot')
      if (reason !== undefined) throw new BlockError('busy', `Node '${image}' is busy: ${reason}`, { node: node.name })
    }
    await this.#graph.standingStill(async () => {
      for (const { name: image, node, snapshots } of this.#members) {
        const before = node.length
        try {
          await snapshots.apply(find(snapshots, name)!.id)
        } catch (cause) {
          throw couldNot('load', name, image, `Failed to load snapshot: ${reasonText(cause)}`, cause)
        }
        if (node.length !== before) for (const drive of this.#drives.holding(node)) await drive.showSize()
      }
    })
  }

  /** Deletes the snapshots of a name where there are some. @throws {BlockError} */
  delete(name: string): Promise<void> {
    return this.#graph.standingStill(() => this.#deleteAll(name))
  }

  async #deleteAll(name: string): Promise<void> {
    for (const { name: image, snapshots } of this.#members) {
      const found = find(snapshots, name)
      if (found === undefined) continue
      try {
        await snapshots.delete(found.id)
      } catch (cause) {
        throw couldNot(
          'delete',
          name,
          image,
          `Failed to remove snapshot from snapshot list: ${reasonText(cause)}`,
          cause,
        )
      }
    }
  }

  #stateMember(nodeName: string | undefined): Member {
    const [first] = this.#members
    if (nodeName === undefined) {
      if (first === undefined) throw noState()
      return first
    }
    const found = this.#members.find(({ node }) => node.name === nodeName)
    if (found !== undefined) return found
    throw new BlockError('missing', `vmstate block device '${nodeName}' does not exist`)
  }
}

/** The snapshots of an image, or of what is below one that has nothing else below it, as QEMU finds them. */
function snapshotsOf(node: BlockNode): Snapshots | undefined {
  if (node.driver.snapshots !== undefined) return node.driver.snapshots
  const below = [...node.children].filter(([role]) => role !== 'backing')
  const [only] = below
  return only === undefined || below.length > 1 || only[0] !== 'file' ? undefined : snapshotsOf(only[1])
}

function find({ list }: Snapshots, name: string): Snapshot | undefined {
  return list.find((snapshot) => snapshot.name === name)
}

function noState(): BlockError {
  return new BlockError('unsupported', 'no block device can store vmstate for snapshot')
}

function couldNot(verb: 'load' | 'delete', name: string, image: string, reason: string, cause?: unknown): BlockError {
  return new BlockError('io', `Could not ${verb} snapshot '${name}' on '${image}': ${reason}`, {}, { cause })
}
