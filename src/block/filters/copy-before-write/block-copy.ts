import type { DirtyArea, DirtyBitmap } from '../../bitmaps/index.ts'
import { skipFilters } from '../../graph/allocation.ts'
import { chainStatus } from '../../graph/chain-status.ts'
import { CopyBuffers } from '../../graph/copy-buffers.ts'
import type { BlockNode } from '../../graph/node.ts'

/** What could not be done for a copy. */
export class CopyFailure extends Error {
  override readonly name = 'CopyFailure'
  readonly operation: 'read' | 'write'

  constructor(operation: 'read' | 'write', cause: unknown) {
    super(`the copy's ${operation} has failed`, { cause })
    this.operation = operation
  }
}

export interface BlockCopyOptions {
  readonly source: BlockNode
  readonly target: BlockNode
  /** Bytes that are copied together at least. */
  readonly clusterSize: number
  /** What is to be copied. Default: everything. */
  readonly wanted?: DirtyBitmap | undefined
  readonly compressed?: boolean
  /** The most that one piece of work is about. Default: as much as is good. */
  readonly mostAtOnce?: number
}

/** The most that one request moves, and one piece of work is about: as much as QEMU counts before it looks again. */
const largestPiece = 2 ** 20

/** A piece of work that runs. */
interface Task extends DirtyArea {
  readonly ended: Promise<void>
}

/**
 * Copies an image as it was at one moment: each cluster once, either in its turn or before somebody writes to it. Whoever
 * asks for a range waits until all of it is copied, by whom ever. Offsets and lengths are bytes.
 */
export class BlockCopy {
  readonly source: BlockNode
  readonly target: BlockNode
  readonly clusterSize: number
  /** What is not copied yet, and nobody is copying; a bitmap of the source that no user can name. */
  readonly left: DirtyBitmap
  /** Hears of clusters that are copied, or need not be, by whole clusters. */
  progress: ((bytes: number) => void) | undefined
  /** What the source itself does not hold is not copied: the images behind it do. */
  onlyOwn = false
  readonly #compressed: boolean
  readonly #most: number
  readonly #tasks = new Set<Task>()
  readonly #buffers = new CopyBuffers(largestPiece)

  constructor({ source, target, clusterSize, wanted, compressed = false, mostAtOnce }: BlockCopyOptions) {
    this.source = source
    this.target = target
    this.clusterSize = clusterSize
    const whole = Math.floor((mostAtOnce ?? largestPiece) / clusterSize) * clusterSize
    this.#most = compressed ? clusterSize : Math.max(clusterSize, Math.min(largestPiece, whole))
    this.#compressed = compressed
    this.left = source.bitmaps.insert({ granularity: clusterSize, recording: false })
    if (wanted === undefined) this.left.mark(0, source.length)
    else this.left.take(wanted)
  }

  /** Whether somebody is copying. */
  get running(): boolean {
    return this.#tasks.size > 0
  }

  /** Copies what is left to be copied of a range, and waits for what others copy of it. @throws {CopyFailure} */
  async copy(offset: number, length: number): Promise<void> {
    const end = offset + length
    for (;;) {
      const area = this.next(offset, end)
      if (area !== undefined) {
        await this.start(area)
        continue
      }
      const other = this.#over(offset, end)
      if (other === undefined) return
      await other.ended
    }
  }

  /** The first area of a range that nobody has copied or is copying, in whole clusters. */
  next(from: number, end = this.source.length): DirtyArea | undefined {
    const area = this.left.nextDirty(from, this.#most)
    return area === undefined || area.offset >= end
      ? undefined
      : { offset: area.offset, length: Math.min(area.length, end - area.offset) }
  }

  /**
   * Copies an area that `next()` has found, or its beginning: the rest is left.
   *
   * @returns how much of it, in bytes
   * @throws {CopyFailure} then all of it is left
   */
  start(area: DirtyArea): Promise<number> {
    this.left.unmark(area.offset, area.length)
    const running = this.#copy(area)
    const task: Task = {
      ...area,
      ended: running.then(
        () => undefined,
        () => undefined,
      ),
    }
    this.#tasks.add(task)
    const remove = (): void => void this.#tasks.delete(task)
    running.then(remove, remove)
    return running
  }

  /** Forgets what is to be copied of the clusters that only images behind the source hold. @returns how far it has looked */
  async skipHoles(offset: number): Promise<number> {
    const { source, clusterSize, left } = this
    const { allocated, length } = await this.#status(offset, source.length - offset)
    const end = offset + length
    if (!allocated) {
      const first = Math.ceil(offset / clusterSize) * clusterSize
      const last = end === source.length ? end : Math.floor(end / clusterSize) * clusterSize
      left.unmark(first, last - first)
    }
    return end
  }

  /** It is over: the source notes nothing any more for it. */
  end(): void {
    this.source.bitmaps.drop(this.left)
  }

  async #copy({ offset, length }: DirtyArea): Promise<number> {
    const { clusterSize } = this
    let done = 0
    try {
      const status = await this.#lookAt(offset, length)
      // Whole clusters, but for the last of the image.
      const step = Math.min(length, Math.ceil(status.length / clusterSize) * clusterSize)
      if (this.onlyOwn && !status.allocated && status.length >= step) done = step
      else if (status.zero && !status.data && status.length >= step) {
        await written(this.target.writeZeroes(offset, step))
        done = step
      } else {
        const most = Math.max(clusterSize, largestPiece)
        done = Math.min(step, most)
        await this.#move(offset, done)
      }
    } catch (error) {
      this.left.mark(offset, length)
      throw error
    }
    if (done < length) this.left.mark(offset + done, length - done)
    this.progress?.(Math.ceil(done / clusterSize) * clusterSize)
    return done
  }

  async #move(offset: number, length: number): Promise<void> {
    await this.#buffers.lend(length, async (bytes) => {
      await read(this.source.readInto(offset, bytes))
      await written(this.#compressed ? this.target.writeCompressed(offset, bytes) : this.target.write(offset, bytes))
    })
  }

  /** What is known of a range; less than a cluster is taken for data. */
  async #lookAt(offset: number, length: number) {
    const status = await this.#status(offset, length)
    const whole = Math.floor(status.length / this.clusterSize) * this.clusterSize
    if (status.length >= length || whole === status.length) return status
    if (whole > 0) return { ...status, length: whole }
    return { allocated: true, data: true, zero: false, length: Math.min(this.clusterSize, length) }
  }

  async #status(offset: number, length: number) {
    const behind = this.onlyOwn ? skipFilters(this.source).behind : undefined
    return read(chainStatus(this.source, offset, length, behind === undefined ? {} : { base: behind }))
  }

  #over(offset: number, end: number): Task | undefined {
    for (const task of this.#tasks) if (task.offset < end && offset < task.offset + task.length) return task
    return undefined
  }
}

function read<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => Promise.reject(new CopyFailure('read', cause)))
}

function written<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => Promise.reject(new CopyFailure('write', cause)))
}
