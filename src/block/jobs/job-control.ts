import type { DriveSet } from '../drives/drive-set.ts'
import { type NewFeatures, startAmend } from './amend-job.ts'
import { type CommitTarget, startCommit } from './commit-job.ts'
import { type NewImage, startCreate } from './create-job.ts'
import type { JobPlace } from './image-job.ts'
import type { Job } from './job.ts'
import { type JobSet, settled, turn } from './job-set.ts'
import { type MirrorToFile, type MirrorToNode, startMirrorToFile, startMirrorToNode } from './mirror-start.ts'
import { type StreamTarget, startStream } from './stream-job.ts'

/** Starts jobs on images. Errors are in QEMU's words. */
export class JobControl {
  readonly #place: JobPlace

  constructor(drives: DriveSet, jobs: JobSet) {
    this.#place = { drives, jobs }
  }

  /** Copies what the images behind an image hold into the image itself. */
  stream(target: StreamTarget): Promise<void> {
    return this.#start(() => startStream(this.#place, target))
  }

  /** Folds images into one behind them. */
  commit(target: CommitTarget): Promise<void> {
    return this.#start(() => startCommit(this.#place, target))
  }

  /** Copies an image into a file, and what is written to it meanwhile. */
  mirrorToFile(options: MirrorToFile): Promise<void> {
    return this.#start(() => startMirrorToFile(this.#place, options))
  }

  /** Copies an image into a node that is there, and what is written to it meanwhile. */
  mirrorToNode(options: MirrorToNode): Promise<void> {
    return this.#start(() => startMirrorToNode(this.#place, options))
  }

  /** Makes an image, which nothing else uses yet. */
  async create(id: string, image: NewImage): Promise<void> {
    startCreate(this.#place, id, image)
    await turn()
  }

  /** Gives an image that is open other features. */
  async amend(id: string, features: NewFeatures): Promise<void> {
    await this.#place.drives.exclusively(() => startAmend(this.#place, id, features))
    await turn()
  }

  /** Starts a job, and lets it do at first what its speed allows. */
  async #start(begin: () => Promise<Job>): Promise<void> {
    const job = await this.#place.drives.exclusively(begin)
    if (job.speed !== 0) await settled(job)
  }
}
