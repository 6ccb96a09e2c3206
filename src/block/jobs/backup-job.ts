import type { DirtyBitmap } from '../bitmaps/index.ts'
import { type BlockCopy, CopyFailure } from '../filters/copy-before-write/block-copy.ts'
import type { BlockNode } from '../graph/node.ts'
import type { FilterNode } from './filter-node.ts'
import type { ImageHolds } from './image-holds.ts'
import type { Job, JobWork } from './job.ts'
import type { ErrorPolicy } from './job-failure.ts'

/** What becomes of the bitmap that says what is copied (QAPI's BitmapSyncMode). */
export const bitmapModes = ['on-success', 'never', 'always'] as const
export type BitmapMode = (typeof bitmapModes)[number]

export interface BackupPlan {
  readonly filter: FilterNode
  readonly copy: BlockCopy
  /** Only what is overwritten is copied. */
  readonly none: boolean
  /** Only what the image itself holds is copied. */
  readonly top: boolean
  readonly bitmap: { readonly of: BlockNode; readonly bitmap: DirtyBitmap; readonly mode: BitmapMode } | undefined
  /** How many requests are on their way at most. */
  readonly workers: number
  readonly onSourceError: ErrorPolicy
  readonly onTargetError: ErrorPolicy
  readonly holds: ImageHolds
}

/** How long it looks for what there is to copy before others have their turn. */
const lookMs = 100

/** Copies an image as it was when the job was made, while others write to it. */
export class BackupJob implements JobWork {
  readonly type = 'backup'
  readonly #plan: BackupPlan
  readonly #running = new Set<Promise<void>>()
  #failure: CopyFailure | undefined

  constructor(plan: BackupPlan) {
    this.#plan = plan
  }

  async run(job: Job): Promise<void> {
    const { copy, none, top } = this.#plan
    job.setRemaining(copy.left.dirtyBytes)
    copy.progress = (bytes) => job.progressed(bytes)
    if (top) await this.#skipHoles(job)
    if (none) while (!job.cancelled) await job.idle()
    else await this.#copyAll(job)
  }

  async commit(): Promise<void> {
    this.#endBitmap(true)
  }

  async abort(): Promise<void> {
    this.#endBitmap(false)
  }

  async clean(): Promise<void> {
    const { copy, holds, filter } = this.#plan
    copy.progress = undefined
    await holds.giveBack()
    await filter.takeAway()
  }

  async #skipHoles(job: Job): Promise<void> {
    const { copy } = this.#plan
    copy.onlyOwn = true
    let looked = performance.now()
    for (let offset = 0; offset < copy.source.length && !job.cancelled; ) {
      if (performance.now() - looked > lookMs) {
        await job.sleep(0)
        looked = performance.now()
      }
      offset = await copy.skipHoles(offset)
      job.setRemaining(copy.left.dirtyBytes)
    }
    copy.onlyOwn = false
  }

  /** Until nothing is left; what has failed is tried again, unless that ends the job. */
  async #copyAll(job: Job): Promise<void> {
    const { copy, workers } = this.#plan
    await job.sleep(0)
    for (let at = 0; ; ) {
      if (job.paused || job.cancelled) await Promise.all(this.#running)
      await job.pausePoint()
      if (this.#failure !== undefined) {
        await Promise.all(this.#running)
        this.#judge(job)
        continue
      }
      if (job.cancelled) return
      const early = job.speed === 0 ? 0 : job.delayAfter(0)
      if (early > 0) {
        await job.sleep(early)
        continue
      }
      const area = copy.next(at) ?? copy.next(0)
      if (area === undefined) {
        if (this.#running.size > 0) await Promise.race(this.#running)
        // What the guest's writes have copied fails with them, and is left then.
        else if (copy.running) await copy.copy(0, copy.source.length).catch(() => undefined)
        else return
        continue
      }
      let started = 0
      const work = copy.start(area).then(
        (length) => void (started = length),
        (error: unknown) => {
          if (!(error instanceof CopyFailure)) throw error
          this.#failure ??= error
        },
      )
      const tracked: Promise<void> = work.finally(() => this.#running.delete(tracked))
      this.#running.add(tracked)
      at = area.offset + area.length
      if (job.speed !== 0) {
        await tracked
        at = area.offset + started
        await job.sleep(job.delayAfter(started))
      } else if (this.#running.size >= workers) await Promise.race(this.#running)
    }
  }

  #judge(job: Job): void {
    const { onSourceError, onTargetError } = this.#plan
    const { operation, cause } = this.#failure!
    this.#failure = undefined
    const policy = operation === 'read' ? onSourceError : onTargetError
    if (job.judge(policy, operation, cause) === 'report') throw cause
  }

  #endBitmap(wentWell: boolean): void {
    const { bitmap: plan, copy } = this.#plan
    if (plan === undefined) return
    const { of, bitmap, mode } = plan
    const forgets = mode === 'always' || (wentWell && mode === 'on-success')
    const stays = forgets ? of.bitmaps.abdicate(bitmap) : of.bitmaps.reclaim(bitmap)
    // What was not copied is to be copied the next time.
    if (!wentWell && mode === 'always') stays.take(copy.left)
  }
}
