import { BlockError } from '../block-error.ts'
import { withFileAlone } from '../create/amend-node.ts'
import type { BlockNode } from '../graph/node.ts'
import { OptionBag, type OptionValues } from '../open/option-bag.ts'
import type { JobPlace } from './image-job.ts'
import type { Job, JobWork } from './job.ts'
import { JobFailure } from './job-failure.ts'

/** What is to change of an image that is open. */
export interface NewFeatures {
  readonly nodeName: string
  /** The format that it has. */
  readonly driver: string
  /** As `qemu-img amend -o` has them. */
  readonly options: OptionValues
  readonly force?: boolean | undefined
}

/** Gives an image other features. */
class AmendJob implements JobWork {
  readonly type = 'amend'
  readonly onImages = false
  readonly #node: BlockNode
  readonly #features: NewFeatures

  constructor(node: BlockNode, features: NewFeatures) {
    this.#node = node
    this.#features = features
  }

  async run(job: Job): Promise<void> {
    const { options, force } = this.#features
    job.setRemaining(1)
    try {
      await this.#node.driver.amend?.({ options: new OptionBag(options), force })
    } catch (cause) {
      if (!(cause instanceof BlockError)) throw cause
      throw new JobFailure(cause.message, { cause })
    } finally {
      job.progressed(1)
    }
  }
}

/** @throws {BlockError} @throws {QmpError} in QEMU's words */
export async function startAmend({ drives, jobs }: JobPlace, id: string, features: NewFeatures): Promise<Job> {
  const node = drives.image({ nodeName: features.nodeName })
  if (node.driver.name !== features.driver) {
    throw new BlockError('unsupported', "x-blockdev-amend doesn't support changing the block driver")
  }
  if (node.driver.amend === undefined) {
    throw new BlockError('unsupported', 'Driver does not support x-blockdev-amend')
  }
  jobs.checkName(id)
  const hold = await node.attach({ description: `amend job '${id}'`, link: 'main node', owner: { kind: 'job', id } })
  const end = await withFileAlone(node).catch(async (error: unknown) => {
    await hold.detach()
    throw error
  })
  // As in QEMU, the file is shared again when the job is dismissed.
  const free = async (): Promise<void> => {
    await end()
    await hold.detach()
  }
  const job = jobs.create(new AmendJob(node, features), { id, autoDismiss: false, free })
  job.start()
  return job
}
