import type { Job } from './job.ts'
import { isCompleted } from './job-states.ts'

/** Jobs that end together: all of them well, or none. A job by itself is a group of one. */
export class JobGroup {
  readonly #jobs = new Set<Job>()
  #aborting = false

  add(job: Job): void {
    this.#jobs.add(job)
  }

  remove(job: Job): void {
    this.#jobs.delete(job)
  }

  /** The run of a job has ended. Its caller has drives and graph to itself, as for all that follows. */
  async completed(job: Job): Promise<void> {
    if (job.recordOutcome()) return this.abort(job)
    job.moveTo('waiting')
    if (this.#all().some((other) => !isCompleted(other.status))) return
    for (const other of this.#all()) {
      other.moveTo('pending')
      if (!other.autoFinalize) other.tellPending()
    }
    if (this.#all().every(({ autoFinalize }) => autoFinalize)) await this.finalize(job)
  }

  /** Changes what the jobs change at their end. */
  async finalize(job: Job): Promise<void> {
    for (const other of this.#all()) {
      if (other.failure !== undefined) return this.abort(job)
      try {
        await other.work.prepare?.()
      } catch (error) {
        other.fail(error)
      }
      if (other.recordOutcome()) return this.abort(job)
    }
    for (const other of this.#all()) await this.#finish(other)
  }

  /** A job has failed or is cancelled: so are the others. */
  async abort(job: Job): Promise<void> {
    if (this.#aborting) return
    this.#aborting = true
    for (const other of this.#all()) if (other !== job) other.requestCancel(true)
    for (const other of this.#all()) {
      if (!isCompleted(other.status)) {
        if (other.started) {
          other.enter()
          await other.runEnded
        }
        other.recordOutcome()
      }
      await this.#finish(other)
    }
  }

  async #finish(job: Job): Promise<void> {
    const aborted = job.recordOutcome()
    await (aborted ? job.work.abort?.() : job.work.commit?.())
    await job.work.clean?.()
    job.tellEnd()
    this.remove(job)
    job.moveTo('concluded')
    if (job.autoDismiss || !job.started) await job.dismiss()
  }

  /** The newest first, as QEMU has them. */
  #all(): Job[] {
    return [...this.#jobs].reverse()
  }
}
