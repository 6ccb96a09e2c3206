import { closeSync, constants, openSync } from 'node:fs'
import { BlockError } from '../block-error.ts'
import { couldNotCreate, createImage } from '../create/create-image.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import { formats } from '../formats/table.ts'
import type { BlockNode } from '../graph/node.ts'
import type { Maker } from '../open/driver.ts'
import { OptionBag, type OptionValues } from '../open/option-bag.ts'
import type { JobPlace } from './image-job.ts'
import type { Job, JobWork } from './job.ts'
import { JobFailure } from './job-failure.ts'

/** A node by its name, or to be opened for this, by dotted keys. */
export type NodeReference = string | OptionValues

/** An image to be made: a file, or a format in the place of what a node holds. */
export interface NewImage {
  readonly driver: string
  /** In bytes. */
  readonly size: number
  /** For a file. */
  readonly filename?: string | undefined
  /** For a format: where it is made. */
  readonly file?: NodeReference | undefined
  readonly dataFile?: NodeReference | undefined
  readonly backing?: { readonly filename: string; readonly format: string | undefined } | undefined
  /** As `qemu-img create -o` has them. */
  readonly options: OptionValues
}

/** Makes an image. */
class CreateJob implements JobWork {
  readonly type = 'create'
  readonly onImages = false
  readonly #drives: DriveSet
  readonly #image: NewImage

  constructor(drives: DriveSet, image: NewImage) {
    this.#drives = drives
    this.#image = image
  }

  async run(job: Job): Promise<void> {
    job.setRemaining(1)
    try {
      await (this.#image.driver === 'file' ? this.#makeFile() : this.#makeFormat())
    } catch (cause) {
      if (!(cause instanceof BlockError)) throw cause
      throw new JobFailure(cause.message, { cause })
    } finally {
      job.progressed(1)
    }
  }

  async #makeFile(): Promise<void> {
    const { filename = '', size, options } = this.#image
    touch(filename)
    await createImage(this.#drives.graph, { filename, format: 'raw', size, options })
  }

  async #makeFormat(): Promise<void> {
    const { driver, file, dataFile, size, backing, options } = this.#image
    const definition = formats.get(driver)
    const { graph } = this.#drives
    const bag = new OptionBag(options)
    const opened: BlockNode[] = []
    const open = async (reference: NodeReference): Promise<BlockNode> => {
      if (typeof reference === 'string') return graph.named(reference)
      const node = await graph.open({ options: reference })
      opened.push(node)
      return node
    }
    try {
      const node = await open(file ?? '')
      const data = dataFile === undefined ? undefined : await open(dataFile)
      if (data !== undefined) bag.set('data_file', data.filename)
      let makeData: Maker | undefined
      const make = await definition!.create!({
        size,
        backing,
        options: bag,
        needFile: (_filename, makeIt) => {
          makeData = makeIt
        },
        secret: (id) => graph.secret(id),
      })
      const [unknown] = bag.left
      if (unknown !== undefined) throw new BlockError('invalid', `Invalid parameter '${unknown}'`, { option: unknown })
      if (data !== undefined && makeData !== undefined) await written(data, makeData)
      await written(node, make)
    } finally {
      for (const node of opened) if (node.state === 'open' && !node.attached) await node.close()
    }
  }
}

/** @throws {BlockError} @throws {QmpError} in QEMU's words */
export function startCreate({ drives, jobs }: JobPlace, id: string, image: NewImage): void {
  if (image.driver !== 'file' && formats.get(image.driver)?.create === undefined) {
    throw new BlockError('unsupported', 'Driver does not support blockdev-create')
  }
  jobs.create(new CreateJob(drives, image), { id, autoDismiss: false }).start()
}

async function written(node: BlockNode, make: Maker): Promise<void> {
  const writer = await node.attach({
    description: 'an unnamed block device',
    access: { uses: ['read', 'write', 'resize'], shares: ['read'] },
  })
  try {
    await make(node)
  } finally {
    await writer.detach()
  }
}

/** Makes a file at once if there is none: what is in the way is told before the command is answered. */
function touch(filename: string): void {
  try {
    closeSync(openSync(filename, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY))
  } catch (cause) {
    throw couldNotCreate(filename, cause)
  }
}
