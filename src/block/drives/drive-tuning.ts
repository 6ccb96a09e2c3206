import { QmpError } from '../../qapi/index.ts'
import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import { largestLength } from '../largest-length.ts'
import { checkThrottleLimits, type ThrottleLimits } from '../throttling/throttle-limits.ts'
import type { DriveSet, DriveTarget } from './drive-set.ts'
import { areBoundaries } from './latency-histogram.ts'
import type { Operation } from './statistics.ts'

/** How commands name an image: by the drive that holds it, or by its node. The drive counts if both are given. */
export interface ImageTarget {
  readonly device?: string | undefined
  readonly nodeName?: string | undefined
}

const sectorBytes = 512n

/** Changes what drives and images are like while the guest uses them. Errors are in QEMU's words. */
export class DriveTuning {
  readonly #drives: DriveSet

  constructor(drives: DriveSet) {
    this.#drives = drives
  }

  /** Changes the size of an image. The guest sees it where its bus can tell. */
  resize(target: ImageTarget, size: number | bigint): Promise<void> {
    return this.#drives.exclusively(async () => {
      const node = this.#drives.image(target)
      if (size < 0) throw new BlockError('invalid', "Parameter 'size' expects a >0 size")
      if (this.#drives.isBusy(node, 'resize')) {
        // QEMU has no name for what only the node's name says.
        throw new BlockError('busy', `Device '${target.device ?? '(null)'}' is in use`, { node: node.name })
      }
      const user = await node
        .attach({
          description: 'an unnamed block device',
          access: { uses: ['resize'], shares: ['read', 'write', 'resize'] },
        })
        .catch((cause: unknown) => {
          if (!(cause instanceof BlockError && cause.kind === 'read-only')) throw cause
          throw new BlockError('read-only', 'Image is read-only', { node: node.name }, { cause })
        })
      try {
        await node.truncate(wholeSectors(node, BigInt(size)))
      } finally {
        await user.detach()
      }
      for (const drive of this.#drives) if (drive.node === node) await drive.showSize()
    })
  }

  /** Limits what the guest may do with a drive in a second, together with the other drives of the group. */
  limit(target: DriveTarget, limits: ThrottleLimits, group: string | undefined): Promise<void> {
    return this.#drives.exclusively(async () => {
      const drive = this.#drives.locate(target)
      if (drive.node === undefined) throw new BlockError('empty', 'Device has no medium', { drive: drive.id })
      checkThrottleLimits(limits)
      // A new group without a name has that by which the drive was called.
      const name = group ?? drive.throttleGroup?.name ?? target.device ?? target.id
      this.#drives.throttleGroups.limit(drive, limits, name)
    })
  }

  /**
   * Sorts operations of a drive by how long they take, from now on; without boundaries for any, no more.
   *
   * @param boundaries - nanoseconds, rising
   */
  async sortByLatency(
    id: string,
    boundaries: Readonly<Partial<Record<Operation, readonly (number | bigint)[]>>>,
  ): Promise<void> {
    const { statistics } = this.#drives.locate({ id })
    const operations = Object.entries(boundaries) as [Operation, readonly (number | bigint)[]][]
    if (operations.length === 0) for (const one of ['read', 'write', 'flush'] as const) statistics.setHistogram(one, [])
    for (const [operation, numbers] of operations) {
      if (!areBoundaries(numbers)) {
        throw new BlockError('invalid', `Device '${id}' set ${operation} boundaries fail`, { drive: id })
      }
      statistics.setHistogram(operation, numbers)
    }
  }

  /** Tells of the next write beyond an offset of a node; 0 ends that. */
  async watchWrites(nodeName: string, threshold: number | bigint): Promise<void> {
    const node = this.#drives.graph.find(nodeName)
    if (node === undefined) throw new QmpError('GenericError', `Device '${nodeName}' not found`)
    node.writes.arm(threshold, (exceededBy) =>
      this.#drives.emit('BLOCK_WRITE_THRESHOLD', {
        'node-name': nodeName,
        'amount-exceeded': exceededBy,
        'write-threshold': threshold,
      }),
    )
  }
}

/** QEMU lets a raw image have any size, and then shows it in whole sectors. */
function wholeSectors({ driver, name }: BlockNode, size: bigint): number {
  if (size > largestLength) {
    throw new BlockError('range', `offset(${size}) exceeds maximum(${largestLength})`, { node: name })
  }
  if (size % sectorBytes !== 0n && driver.name !== 'raw' && driver.name !== 'file') {
    throw new BlockError('invalid', 'The new size must be a multiple of 512', { node: name })
  }
  return Number(((size + sectorBytes - 1n) / sectorBytes) * sectorBytes)
}
