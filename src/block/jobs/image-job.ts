import type { DriveSet } from '../drives/drive-set.ts'
import type { Access } from '../graph/access.ts'
import type { BlockNode } from '../graph/node.ts'
import { ImageHolds } from './image-holds.ts'
import type { Job, JobWork } from './job.ts'
import type { JobGroup } from './job-group.ts'
import type { JobSet } from './job-set.ts'

/** What users can say of every job on images. */
export interface ImageJobOptions {
  /** Default: the name of the drive. */
  readonly id?: string | undefined
  /** Bytes a second; 0, the default, for no limit. */
  readonly speed?: number | undefined
  readonly autoFinalize?: boolean | undefined
  readonly autoDismiss?: boolean | undefined
  /** Jobs that end together with it. */
  readonly group?: JobGroup | undefined
}

/** Where jobs on images are made. */
export interface JobPlace {
  readonly drives: DriveSet
  readonly jobs: JobSet
}

/** A job with the nodes that it has, before it is started. */
export interface NewImageJob {
  readonly job: Job
  readonly holds: ImageHolds
  /** Nobody will start it. */
  discard(): Promise<void>
}

/**
 * Makes a job about a node, which is not started yet. If that fails, users have seen it come and go.
 *
 * @throws {QmpError} if it cannot have that name, or speed
 * @throws {BlockError} kind `busy`, if it cannot have the node
 */
export async function newImageJob(
  { drives, jobs }: JobPlace,
  work: JobWork,
  node: BlockNode,
  access: Access,
  { id = drives.holding(node).find((drive) => drive.id !== '')?.id ?? '', speed = 0, ...options }: ImageJobOptions,
): Promise<NewImageJob> {
  const holds = new ImageHolds({ id, type: work.type })
  const job = jobs.create(work, { ...options, id, free: () => holds.giveBack() })
  const discard = (): Promise<void> => job.dismiss()
  try {
    await holds.take(node, 'main node', access)
    job.setSpeed(speed)
  } catch (error) {
    await discard()
    throw error
  }
  return { job, holds, discard }
}
