import { type EmitOf, QmpError } from '../../qapi/index.ts'
import { clearTimeout, setImmediate, setTimeout } from '../../timers/index.ts'
import type { IoStatus } from '../drives/failed-requests.ts'
import { chainOf } from '../graph/allocation.ts'
import type { BlockNode } from '../graph/node.ts'
import type { JobType, jobEvents } from './events.ts'
import { Job, type JobSettings, type JobWork } from './job.ts'
import { JobGroup } from './job-group.ts'
import { isCompleted, type JobStatus } from './job-states.ts'

export interface JobSetOptions {
  readonly emit?: EmitOf<typeof jobEvents>
  /** Lets an operation have drives and graph to itself. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
}

export interface NewJob {
  readonly id: string
  readonly autoFinalize?: boolean | undefined
  readonly autoDismiss?: boolean | undefined
  /** Jobs that end together with it. */
  readonly group?: JobGroup | undefined
  readonly free?: JobSettings['free']
}

/** A job as query-jobs shows it (QAPI's JobInfo). */
export interface JobInfo {
  readonly id: string
  readonly type: JobType
  readonly status: JobStatus
  readonly 'current-progress': number
  readonly 'total-progress': number
  readonly error?: string
}

/** A job as query-block-jobs shows it (QAPI's BlockJobInfo). */
export interface BlockJobInfo {
  readonly type: JobType
  readonly device: string
  readonly len: number
  readonly offset: number
  readonly busy: boolean
  readonly paused: boolean
  readonly speed: number
  readonly 'io-status': IoStatus
  readonly ready: boolean
  readonly status: JobStatus
  readonly 'auto-finalize': boolean
  readonly 'auto-dismiss': boolean
  readonly error?: string
}

/** All jobs, by name, and what users ask of them. Errors are in QEMU's words. */
export class JobSet implements AsyncDisposable {
  readonly #jobs = new Map<string, Job>()
  readonly #emit: EmitOf<typeof jobEvents>
  readonly #exclusively: JobSetOptions['exclusively']
  #ended: Promise<void> | undefined

  constructor({ emit = () => undefined, exclusively }: JobSetOptions) {
    this.#emit = emit
    this.#exclusively = exclusively
  }

  /** The newest first. */
  get list(): Job[] {
    return [...this.#jobs.values()].filter(({ status }) => status !== 'null').reverse()
  }

  find(id: string): Job | undefined {
    const job = this.#jobs.get(id)
    return job?.status === 'null' ? undefined : job
  }

  /** Makes a job, which then is to be started, or dismissed. @throws {QmpError} if it cannot have that name */
  create(work: JobWork, { id, autoFinalize = true, autoDismiss = true, group = new JobGroup(), free }: NewJob): Job {
    this.checkName(id)
    const settings: JobSettings = { id, work, autoFinalize, autoDismiss, group, free }
    const job = new Job(settings, {
      emit: this.#emit,
      exclusively: this.#exclusively,
      forget: (gone) => this.#jobs.delete(gone.id),
    })
    this.#jobs.set(id, job)
    return job
  }

  /** @throws {QmpError} GenericError, if no job can have that name, or one has it */
  checkName(id: string): void {
    if (!/^[A-Za-z][A-Za-z0-9\-._]*$/.test(id)) throw new QmpError('GenericError', `Invalid job ID '${id}'`)
    if (this.#jobs.has(id)) throw new QmpError('GenericError', `Job ID '${id}' already in use`)
  }

  /** The job that a modern command means. @throws {QmpError} GenericError, if there is none */
  named(id: string): Job {
    const job = this.find(id)
    if (job === undefined) throw new QmpError('GenericError', 'Job not found')
    return job
  }

  /** The job that a classic command means. @throws {QmpError} DeviceNotActive, if there is none on images */
  onImages(id: string): Job {
    const job = this.find(id)
    if (job === undefined || !job.onImages) throw new QmpError('DeviceNotActive', `Block job '${id}' not found`)
    return job
  }

  /** @throws {QmpError} as `Job.pause()` */
  async pause(job: Job): Promise<void> {
    job.pause()
    await turn()
  }

  /** @throws {QmpError} as `Job.resume()` */
  async resume(job: Job): Promise<void> {
    job.resume()
    await settled(job)
  }

  /** @throws {QmpError} as `Job.setSpeed()` */
  async setSpeed(job: Job, speed: number): Promise<void> {
    job.setSpeed(speed)
    await settled(job)
  }

  /** @param force - also a job that is ready, whose copy would be good */
  async cancel(job: Job, { force }: { readonly force: boolean }): Promise<void> {
    job.check('cancel')
    if (!job.hasRun && job.started) {
      job.requestCancel(force)
      job.enter()
      if (job.work.complete === undefined) await soon(job.ended)
    } else {
      await this.#exclusively(async () => {
        if (job.status === 'null') return
        if (job.status === 'concluded') return job.dismiss()
        job.requestCancel(force)
        if (!job.started) await job.group.completed(job)
        else if (job.cancelled) await job.group.abort(job)
      })
    }
    await turn()
  }

  /**
   * As the classic command has it: a job that the user has paused is only cancelled by force.
   *
   * @throws {QmpError}
   */
  async cancelClassic(job: Job, { force }: { readonly force: boolean }): Promise<void> {
    if (job.pausedByUser && !force) {
      throw new QmpError('GenericError', `The block job for device '${job.id}' is currently paused`)
    }
    await this.cancel(job, { force })
  }

  /** @throws {QmpError} as `Job.complete()` */
  complete(job: Job): void {
    job.complete()
  }

  /** Lets a job, and those that end with it, change what they change at their end. @throws {QmpError} */
  finalize(job: Job): Promise<void> {
    job.check('finalize')
    return this.#exclusively(async () => {
      job.check('finalize')
      await job.group.finalize(job)
    })
  }

  /** Forgets a job that has ended. @throws {QmpError} */
  dismiss(job: Job): Promise<void> {
    job.check('dismiss')
    return this.#exclusively(async () => {
      job.check('dismiss')
      await job.dismiss()
    })
  }

  /** Cancels what works on an image that the guest has lost; a copy that is good already is left so. */
  async giveUpOn(image: BlockNode): Promise<void> {
    const chain = chainOf(image)
    const works = ({ id }: Job): boolean =>
      chain.some(({ links }) => [...links.users].some(({ owner }) => owner.kind === 'job' && owner.id === id))
    for (const job of this.list.filter((each) => works(each) && !each.cancelRequested && !isCompleted(each.status))) {
      await this.cancel(job, { force: false })
    }
  }

  /** Runs work while no job on images makes requests. */
  async standingStill<T>(work: () => Promise<T>): Promise<T> {
    const held = this.list.filter(({ hasRun, onImages }) => onImages && !hasRun)
    for (const job of held) job.hold()
    try {
      for (const job of held) await job.untilQuiet()
      return await work()
    } finally {
      for (const job of held) job.release()
      if (held.length > 0) await turn()
    }
  }

  /**
   * The machine ends: jobs do nothing more, and are cancelled, of which clients hear. What does not end soon is left to
   * `close()`. Later callers join the first.
   *
   * @param running - the guest has just been stopped: as with QEMU jobs stand still once more, for that
   */
  end({ running }: { readonly running: boolean }): Promise<void> {
    this.#ended ??= soon(this.#end(running))
    return this.#ended
  }

  async #end(running: boolean): Promise<void> {
    const working = this.list.filter(({ hasRun, onImages }) => onImages && !hasRun)
    for (let time = running ? 2 : 1; time > 0; time--) {
      for (const job of working) job.hold()
      for (const job of working) await job.untilQuiet()
      if (time > 1) for (const job of working) job.release()
    }
    await this.close()
  }

  /** Ends all jobs by force. */
  async close(): Promise<void> {
    for (const job of this.list) {
      if (job.status === 'null' || job.status === 'concluded') continue
      if (job.status !== 'aborting') await this.cancel(job, { force: true })
      await job.ended
    }
    // Whoever opens an image that never comes has the graph for himself: nothing here waits for that without need.
    if (this.list.length === 0) return
    await this.#exclusively(async () => {
      for (const job of this.list) await job.dismiss()
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get info(): JobInfo[] {
    return this.list.map((job) => {
      const { current, total } = job.progress
      const { failure } = job
      return {
        id: job.id,
        type: job.work.type,
        status: job.status,
        'current-progress': current,
        'total-progress': total,
        ...(failure !== undefined && { error: failure }),
      }
    })
  }

  get blockInfo(): BlockJobInfo[] {
    return this.list
      .filter(({ onImages }) => onImages)
      .map((job) => {
        const { current, total } = job.progress
        const { failure } = job
        return {
          type: job.work.type,
          device: job.id,
          len: total,
          offset: current,
          busy: job.busy,
          paused: job.paused,
          speed: job.speed,
          'io-status': job.ioStatus,
          ready: job.ready,
          status: job.status,
          'auto-finalize': job.autoFinalize,
          'auto-dismiss': job.autoDismiss,
          ...(failure !== undefined && { error: failure }),
        }
      })
  }
}

/** What a job does at once when it is woken it has done when the answer goes out, as with QEMU. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The longest that an answer waits for what a job does when it is woken. */
const longestSettlingMs = 1000

/**
 * Waits until a job that keeps to a speed has done what it may do at once, as jobs of QEMU have when the answer goes out;
 * but not long: its storage may be slow.
 */
export async function settled(job: Job): Promise<void> {
  if (job.speed !== 0) await soon(job.untilResting())
  await turn()
}

/** Waits for something that comes at once if no storage is slow. */
async function soon(happening: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, longestSettlingMs)
  })
  await Promise.race([late, happening])
  clearTimeout(timer)
}
