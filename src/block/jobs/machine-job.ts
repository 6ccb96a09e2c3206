import type { JobType } from './events.ts'
import type { Job, JobWork } from './job.ts'
import { JobFailure } from './job-failure.ts'
import type { JobSet } from './job-set.ts'

/** Work on the whole machine as a job, in one step: its failure is told in its own words. */
class MachineJob implements JobWork {
  readonly type: JobType
  readonly onImages = false
  readonly #work: () => Promise<void>

  constructor(type: JobType, work: () => Promise<void>) {
    this.type = type
    this.#work = work
  }

  async run(job: Job): Promise<void> {
    job.setRemaining(1)
    try {
      await this.#work()
    } catch (cause) {
      throw new JobFailure(cause instanceof Error ? cause.message : String(cause), { cause })
    } finally {
      job.progressed(1)
    }
  }
}

/** Begins work that users wait for as a job, which is there until it is dismissed. @throws {QmpError} as `JobSet.create()` */
export function startMachineJob(
  jobs: JobSet,
  { id, type }: { readonly id: string; readonly type: JobType },
  work: () => Promise<void>,
): void {
  jobs.create(new MachineJob(type, work), { id, autoDismiss: false }).start()
}
