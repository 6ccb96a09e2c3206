import { strerror } from '../../errno/index.ts'
import type { GranuleSet } from '../bitmaps/granule-set.ts'
import type { DirtyBitmap } from '../bitmaps/index.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import type { ReadOnlyAgain } from '../drives/read-only-again.ts'
import { takePlace } from '../drives/take-place.ts'
import type { CopiedWrite, MirrorTopDriver, MirrorWatch } from '../filters/mirror-top/mirror-top-driver.ts'
import { allocation, skipFilters } from '../graph/allocation.ts'
import type { Attachment } from '../graph/attachment.ts'
import { chainStatus } from '../graph/chain-status.ts'
import { CopyBuffers } from '../graph/copy-buffers.ts'
import type { BlockNode } from '../graph/node.ts'
import { RangeLocks } from '../graph/range-locks.ts'
import type { FilterNode } from './filter-node.ts'
import type { ImageHolds } from './image-holds.ts'
import type { Job, JobWork } from './job.ts'
import { type ErrorPolicy, JobFailure } from './job-failure.ts'
import { hold, withoutUsers } from './without-users.ts'

export interface MirrorPlan {
  readonly type: 'mirror' | 'commit'
  readonly source: BlockNode
  readonly target: BlockNode
  readonly filter: FilterNode
  readonly driver: MirrorTopDriver
  /** What this image and those behind it hold is not copied at first. */
  readonly base: BlockNode | undefined
  /** The last image of which something is copied at first. */
  readonly lowest: BlockNode
  /** Only what is written from now on is copied. */
  readonly none: boolean
  /** The target may hold anything: what is zero must be made so. */
  readonly zeroTarget: boolean
  readonly granularity: number
  /** What is copied whole, in bytes: a granule, or a cluster of a copy that does not have yet what is to be behind it. */
  readonly copyUnit: number
  readonly bufferSize: number
  readonly unmap: boolean
  /** The guest's writes are complete when the copy has them. */
  readonly blocking: boolean
  readonly onSourceError: ErrorPolicy
  readonly onTargetError: ErrorPolicy
  /** Its user; left at the end. */
  readonly writer: Attachment
  readonly reopened: ReadOnlyAgain
  /** The nodes that nobody else may change meanwhile. */
  readonly holds: ImageHolds
  /** Gives the copy what is to be behind it; undefined where it has that. */
  readonly giveBacking: (() => Promise<void>) | undefined
  /** What the copy takes the place of, looked up when the job is completed. @throws {QmpError} */
  readonly replaced: () => BlockNode
}

const mostInFlight = 16
const largestCopy = 2 ** 20
/** How often a job that has nothing to do looks whether there is something. */
const restMs = 100

/** Copies an image, and what is written to it meanwhile, and may give its users the copy at the end. */
export class MirrorJob implements JobWork, MirrorWatch {
  readonly type: 'mirror' | 'commit'
  readonly #drives: DriveSet
  readonly #plan: MirrorPlan
  /** What is still to be copied, for those who ask what bitmaps the source has. */
  readonly #bitmap: DirtyBitmap
  readonly #dirty: GranuleSet
  /** Copies and writes of the guest that go to the target, too, keep apart. */
  readonly #ranges = new RangeLocks()
  readonly #buffers = new CopyBuffers(largestCopy)
  #job: Job | undefined
  #inFlight = new Set<Promise<void>>()
  #bytesInFlight = 0
  #at = 0
  #completes = false
  #replaced: BlockNode | undefined
  #unblock: (() => void) | undefined
  #failure: unknown
  #relax: (() => Promise<void>) | undefined
  #done = false

  constructor(drives: DriveSet, plan: MirrorPlan) {
    this.type = plan.type
    this.#drives = drives
    this.#plan = plan
    const { source, granularity, blocking } = plan
    this.#bitmap = source.bitmaps.insert({ granularity, recording: !blocking })
    this.#dirty = this.#bitmap.granules
  }

  complete(): void {
    this.#replaced = this.#plan.replaced()
    if (this.#replaced !== this.#plan.source) {
      this.#unblock = this.#replaced.blockers.block('block device is in use by block-job-complete')
    }
    this.#completes = true
    this.#job?.enter()
  }

  /** One that is ready has a good copy: it ends well. */
  cancel(force: boolean): boolean {
    return force || this.#job?.ready !== true
  }

  async written(offset: number, write: CopiedWrite, run: () => Promise<void>): Promise<void> {
    const length = lengthOf(write)
    const { blocking, granularity } = this.#plan
    if (!blocking || this.#job?.hasRun !== false) {
      return run().finally(() => this.#mark(offset, length))
    }
    const { begin, end } = this.#units(offset, offset + length)
    await this.#ranges.alone(begin, end - begin, async () => {
      try {
        await run()
      } catch (error) {
        // Part of it may have been written.
        this.#mark(offset, length)
        throw error
      }
      // What is left of a discarded range is up to the source's clusters: that is copied later. A write to part of a
      // cluster of the copy would leave zeroes in the rest of it.
      if (write.kind === 'discard') this.#mark(offset, length)
      else if (this.#plan.copyUnit > granularity) await this.#copyThrough(begin, end)
      else await this.#writeThrough(offset, write)
    })
  }

  async run(job: Job): Promise<void> {
    this.#job = job
    const { source, target, type, none, driver } = this.#plan
    if (source.length > target.length && type === 'commit') await target.truncate(source.length)
    else if (source.length !== target.length && type === 'mirror') {
      throw new JobFailure('Source and target image have different sizes')
    }
    if (source.length === 0) {
      job.becomeReady()
      while (!job.cancelRequested && !this.#completes) await job.idle()
      if (!job.cancelled) await this.#begin(job)
      return
    }
    driver.watch = this
    try {
      if (!none) await this.#findDirty(job)
      await this.#loop(job)
    } finally {
      await Promise.all(this.#inFlight)
      source.bitmaps.drop(this.#bitmap)
    }
  }

  async prepare(): Promise<void> {
    const { target, source, filter, giveBacking } = this.#plan
    const to = this.#completes ? (this.#replaced ?? source) : undefined
    await this.#plan.writer.detach()
    this.#plan.driver.letGo()
    await filter.node.begin()
    // The source can be below the target when nobody writes to it through the filter any more.
    await giveBacking?.()
    if (to !== undefined) {
      if (to.readOnly !== target.readOnly && to.readOnly) {
        await target.reconfigure({ ...target.settings, given: target.given, readOnly: true })
      }
      await this.#replace(to)
    }
    // What is in between could not be read again otherwise.
    await this.#plan.holds.giveBack()
    if (to !== source) await filter.takeAway()
    this.#done = true
  }

  /** @throws {JobFailure} if a user cannot have the copy; then none has it */
  async #replace(to: BlockNode): Promise<void> {
    const { target, source, filter } = this.#plan
    try {
      const takeBack = await takePlace(this.#drives, to, target, filter.node)
      if (to !== source) return
      await takePlace(this.#drives, filter.node, target).catch(async (error: unknown) => {
        await takeBack()
        throw error
      })
    } catch (cause) {
      throw new JobFailure(strerror('EPERM'), { cause })
    }
  }

  async abort(): Promise<void> {
    const { writer, driver, filter } = this.#plan
    if (this.#done) return
    await writer.detach()
    driver.retire()
    driver.letGo()
    await withoutUsers(this.#drives, filter.node, async () => {
      await filter.node.begin()
      await this.#plan.holds.giveBack()
      await filter.takeAway()
    })
  }

  async clean(): Promise<void> {
    const { driver, filter, reopened, source, writer } = this.#plan
    source.bitmaps.drop(this.#bitmap)
    driver.retire()
    await writer.detach()
    await this.#relax?.()
    this.#unblock?.()
    await filter.close()
    if (!this.#done || !this.#completes) await reopened.undo()
  }

  /** Finds out what there is to copy. */
  async #findDirty(job: Job): Promise<void> {
    const { source, target, zeroTarget, granularity, lowest } = this.#plan
    const { length } = source
    if (zeroTarget) {
      if (!target.discards || target.driver.writeZeroes === undefined) {
        this.#dirty.add(0, this.#dirty.length)
        return
      }
      for (let offset = 0; offset < length && !job.cancelled; offset += 2 ** 30) {
        await job.sleep(0)
        await target.writeZeroes(offset, Math.min(2 ** 30, length - offset), { unmap: true })
      }
    }
    let looked = performance.now()
    for (let offset = 0; offset < length; ) {
      if (performance.now() - looked > restMs) {
        await job.sleep(0)
        looked = performance.now()
      }
      if (job.cancelled) return
      const found = await allocation(source, lowest, offset, length - offset)
      const end = offset + found.length
      if (found.allocated) this.#dirty.add(Math.floor(offset / granularity), Math.ceil(end / granularity))
      offset = end
    }
  }

  async #loop(job: Job): Promise<void> {
    let delay = 0
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      await job.pausePoint()
      const dirty = this.#dirty.count
      job.setRemaining(this.#dirtyBytes() + this.#bytesInFlight)
      const room = this.#plan.bufferSize - this.#bytesInFlight
      const full = this.#inFlight.size >= mostInFlight || (this.#inFlight.size > 0 && room < largestCopy)
      if (dirty > 0 && !job.cancelled && full) {
        await Promise.race(this.#inFlight)
        continue
      }
      if (dirty > 0 && !job.cancelled) delay = this.#copyNext(job)
      else if (this.#inFlight.size > 0 && (dirty === 0 || job.cancelled)) {
        await Promise.all(this.#inFlight)
        continue
      }
      if (job.cancelled) return
      if (this.#inFlight.size === 0 && this.#dirty.count === 0) {
        if (!job.ready) {
          if (!(await this.#flush(job))) continue
          job.setRemaining(0)
          job.becomeReady()
        }
        if ((this.#completes || job.cancelRequested) && (await this.#begin(job))) return
      }
      if (!job.ready) {
        if (delay > 0 || dirty === 0) await job.sleep(delay)
      } else if (!this.#completes) {
        await job.sleep(this.#inFlight.size === 0 && this.#dirty.count === 0 ? restMs : delay)
      }
      if (job.cancelled && this.#inFlight.size === 0) return
      delay = 0
    }
  }

  /** Stops everybody above; the end has begun, unless there is something to copy after all. */
  async #begin(job: Job): Promise<boolean> {
    const { filter } = this.#plan
    const relax = await job.quietly(() =>
      this.#drives.exclusively(() => hold((work) => withoutUsers(this.#drives, filter.node, work))),
    )
    if (this.#dirty.count === 0 && (await this.#flush(job))) {
      this.#relax = relax
      return true
    }
    await relax()
    return false
  }

  async #flush(job: Job): Promise<boolean> {
    try {
      await this.#plan.target.flush()
      return true
    } catch (error) {
      this.#judge(job, 'write', error)
      return false
    }
  }

  /** Begins to copy what is to be copied of one piece, as much as the buffer holds. @returns for how long to wait then */
  #copyNext(job: Job): number {
    const { granularity, bufferSize } = this.#plan
    const first = this.#dirty.next(this.#at, true) ?? this.#dirty.next(0, true)
    if (first === undefined) return 0
    const most = Math.max(granularity, bufferSize - this.#bytesInFlight)
    const last = Math.min(
      this.#dirty.next(first, false) ?? this.#dirty.length,
      first + Math.floor(most / granularity),
      first + Math.floor(((mostInFlight - this.#inFlight.size) * largestCopy) / granularity),
    )
    const { begin, end } = this.#units(first * granularity, Math.max(first + 1, last) * granularity)
    this.#dirty.delete(Math.floor(begin / granularity), Math.ceil(end / granularity))
    this.#at = Math.ceil(end / granularity)
    const step = Math.max(this.#plan.copyUnit, Math.min(largestCopy, bufferSize))
    let delay = 0
    for (let at = begin; at < end; at += step) delay = this.#beginCopy(job, at, Math.min(step, end - at))
    return delay
  }

  #beginCopy(job: Job, offset: number, length: number): number {
    this.#bytesInFlight += length
    const copy = this.#ranges
      .alone(offset, length, () => this.#copy(job, offset, length))
      .finally(() => {
        this.#bytesInFlight -= length
        this.#inFlight.delete(copy)
      })
    this.#inFlight.add(copy)
    return job.delayAfter(length)
  }

  /** The whole units of a range, in bytes. */
  #units(offset: number, end: number): { readonly begin: number; readonly end: number } {
    const { copyUnit, source } = this.#plan
    return {
      begin: offset - (offset % copyUnit),
      end: Math.min(Math.ceil(end / copyUnit) * copyUnit, source.length),
    }
  }

  async #copy(job: Job, offset: number, length: number): Promise<void> {
    const { source, target, unmap } = this.#plan
    const end = offset + length
    for (let at = offset; at < end; ) {
      let step = end - at
      let operation: 'read' | 'write' = 'read'
      try {
        const status = await chainStatus(source, at, step)
        step = status.length
        if (status.data || !status.zero) {
          const from = at
          await this.#buffers.lend(step, async (bytes) => {
            await source.readInto(from, bytes)
            operation = 'write'
            await target.write(from, bytes)
          })
        } else {
          operation = 'write'
          await target.writeZeroes(at, step, { unmap })
        }
        job.progressed(step)
      } catch (error) {
        this.#mark(at, end - at)
        this.#judge(job, operation, error)
        return
      }
      at += step
    }
  }

  /** Copies what the guest has written, and what is besides it in its units. */
  async #copyThrough(begin: number, end: number): Promise<void> {
    const { granularity } = this.#plan
    const job = this.#job!
    job.increaseRemaining(end - begin)
    this.#dirty.delete(Math.floor(begin / granularity), Math.ceil(end / granularity))
    await this.#copy(job, begin, end - begin)
  }

  async #writeThrough(offset: number, write: Exclude<CopiedWrite, { kind: 'discard' }>): Promise<void> {
    const { target, granularity, unmap } = this.#plan
    const job = this.#job!
    const length = lengthOf(write)
    job.increaseRemaining(length)
    try {
      if (write.kind === 'bytes') await target.write(offset, write.bytes)
      else await target.writeZeroes(offset, length, { unmap })
      job.progressed(length)
      // What was to be copied anyhow need not be, where all of it has been written.
      this.#dirty.delete(Math.ceil(offset / granularity), Math.floor((offset + length) / granularity))
    } catch (error) {
      this.#mark(offset, length)
      this.#judge(job, 'write', error)
    }
  }

  #judge(job: Job, operation: 'read' | 'write', error: unknown): void {
    const { onSourceError, onTargetError } = this.#plan
    const policy = operation === 'read' ? onSourceError : onTargetError
    if (job.judge(policy, operation, error) === 'report') this.#failure ??= error
  }

  #mark(offset: number, length: number): void {
    const { granularity } = this.#plan
    this.#dirty.add(Math.floor(offset / granularity), Math.ceil((offset + length) / granularity))
  }

  #dirtyBytes(): number {
    const { granularity, source } = this.#plan
    const whole = this.#dirty.count * granularity
    const rest = source.length % granularity
    return rest !== 0 && this.#dirty.has(this.#dirty.length - 1) ? whole - granularity + rest : whole
  }
}

function lengthOf(write: CopiedWrite): number {
  return write.kind === 'bytes' ? write.bytes.byteLength : write.length
}

/** Whether an image is a copy's own source, whatever filters there are over them. */
export function sameImage(one: BlockNode, other: BlockNode): boolean {
  return skipFilters(one) === skipFilters(other)
}
