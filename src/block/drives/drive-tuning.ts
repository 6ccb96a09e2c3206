import { QmpError } from '../../qapi/index.ts'
import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../node.ts'
import { checkThrottleLimits, type ThrottleLimits } from '../throttling/throttle-limits.ts'
import type { DriveSet, DriveTarget } from './drive-set.ts'
import { areBoundaries } from './latency-histogram.ts'
import type { Operation } from './statistics.ts'

/** How commands name an image: by the drive that holds it, or by its node. The drive counts if both are given. */
export interface ImageTarget {
  readonly device?: string | undefined
  readonly nodeName?: string | undefined
}

const sectorBytes = 512

/** Changes what drives and images are like while the guest uses them. Errors are in QEMU's words. */
export class DriveTuning {
  readonly #drives: DriveSet

  constructor(drives: DriveSet) {
    this.#drives = drives
  }

  /** Changes the size of an image. The guest sees it where its bus can tell. */
  resize(target: ImageTarget, size: number): Promise<void> {
    return this.#drives.exclusively(async () => {
      const node = this.#drives.image(target)
      if (size < 0) throw new BlockError('invalid', "Parameter 'size' expects a >0 size")
      if (node.readOnly) throw new BlockError('read-only', 'Image is read-only', { node: node.name })
      const length = wholeSectors(node, size)
      const user = await node.attach({
        description: 'block_resize',
        access: { uses: ['resize'], shares: ['read', 'write', 'resize'] },
      })
      try {
        await node.truncate(length)
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
      this.#drives.throttleGroups.limit(drive, limits, group)
    })
  }

  /**
   * Sorts operations of a drive by how long they take, from now on; without boundaries for any, no more.
   *
   * @param boundaries - nanoseconds, rising
   */
  async sortByLatency(id: string, boundaries: Readonly<Partial<Record<Operation, readonly number[]>>>): Promise<void> {
    const { statistics } = this.#drives.locate({ id })
    const operations = Object.entries(boundaries) as [Operation, readonly number[]][]
    if (operations.length === 0) for (const one of ['read', 'write', 'flush'] as const) statistics.setHistogram(one, [])
    for (const [operation, numbers] of operations) {
      if (!areBoundaries(numbers)) {
        throw new BlockError('invalid', `Device '${id}' set ${operation} boundaries fail`, { drive: id })
      }
      statistics.setHistogram(operation, numbers)
    }
  }

  /** Tells of the next write beyond an offset of a node; 0 ends that. */
  async watchWrites(nodeName: string, threshold: number): Promise<void> {
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
function wholeSectors({ driver, name }: BlockNode, size: number): number {
  if (!Number.isSafeInteger(size + sectorBytes)) {
    throw new BlockError('invalid', 'Could not resize file: File too large', { node: name })
  }
  if (size % sectorBytes !== 0 && driver.name !== 'raw' && driver.name !== 'file') {
    throw new BlockError('invalid', 'The new size must be a multiple of 512', { node: name })
  }
  return Math.ceil(size / sectorBytes) * sectorBytes
}
