import { closeSync, constants, openSync } from 'node:fs'
import { BlockError } from '../block-error.ts'
import { backingOpener, couldNotCreate, createFile } from '../create/create-image.ts'
import { writeNew } from '../create/write-new.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import { formats } from '../formats/table.ts'
import type { BlockNode } from '../graph/node.ts'
import type { CreateRequest, Maker } from '../open/create-request.ts'
import { OptionBag, type OptionValues } from '../open/option-bag.ts'
import type { JobPlace } from './image-job.ts'
import type { Job, JobWork } from './job.ts'
import { JobFailure } from './job-failure.ts'

const largestHint = 2n ** 32n - 1n

/** A node by its name, or to be opened for this, by dotted keys. */
export type NodeReference = string | OptionValues

/** An image to be made: a file, or a format in the place of what a node holds. */
export interface NewImage {
  readonly driver: string
  /** In bytes. */
  readonly size: bigint
  /** For a file. */
  readonly filename?: string | undefined
  /** For a format: where it is made. */
  readonly file?: NodeReference | undefined
  readonly dataFile?: NodeReference | undefined
  /** Where its parts are made, if they are in nodes of their own. */
  readonly extents?: readonly NodeReference[] | undefined
  readonly backing?: { readonly filename: string | undefined; readonly format: string | undefined } | undefined
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
    const bag = new OptionBag(options)
    // Hints to file systems that few of them know: they change nothing here.
    bag.takeBoolean('nocow')
    if ((bag.takeWideSize('extent_size_hint') ?? 0n) > largestHint) {
      throw new BlockError('invalid', 'Extent size hint is too large')
    }
    await createFile(this.#drives.graph, { filename, format: 'raw', size, options: bag.takeAll() })
  }

  async #makeFormat(): Promise<void> {
    const { driver, file, dataFile, extents = [] } = this.#image
    const { graph } = this.#drives
    const opened: BlockNode[] = []
    const open = async (reference: NodeReference): Promise<BlockNode> => {
      if (typeof reference === 'string') return graph.named(reference)
      const node = await graph.open({ options: reference })
      opened.push(node)
      return node
    }
    const openGiven = async (index: number): Promise<BlockNode | undefined> =>
      index < extents.length ? open(extents[index]!) : undefined
    try {
      if (formats.get(driver)?.checksFirst === true) {
        const { make } = await this.#plan({ openGiven })
        await writeNew(await open(file ?? ''), make)
        return
      }
      const node = await open(file ?? '')
      const data = dataFile === undefined ? undefined : await open(dataFile)
      const { make, makeData } = await this.#plan({ filename: node.filename, data })
      if (data !== undefined && makeData !== undefined) await writeNew(data, makeData)
      await writeNew(node, make)
    } finally {
      for (const node of opened) if (node.state === 'open' && !node.attached) await node.close()
    }
  }

  /** Looks whether there can be such an image. @returns what makes it, and what its data file is made of */
  async #plan(places: Places): Promise<{ readonly make: Maker; readonly makeData: Maker | undefined }> {
    const { driver, size, backing, options } = this.#image
    const { graph } = this.#drives
    const { filename = '', data, openGiven } = places
    const bag = new OptionBag(options)
    if (data !== undefined) bag.set('data_file', data.filename)
    let makeData: Maker | undefined
    const make = await formats.get(driver)!.create!({
      size,
      inPlace: true,
      filename,
      backing: backing?.filename === undefined ? undefined : { filename: backing.filename, format: backing.format },
      options: bag,
      needFile: (_filename, makeIt) => {
        makeData = makeIt
      },
      ...(openGiven !== undefined && { openGiven }),
      withBacking: backingOpener(graph, filename),
      secret: (id) => graph.secret(id),
    })
    if (backing !== undefined && backing.filename === undefined) {
      throw new BlockError('invalid', 'Backing format cannot be used without backing file')
    }
    const [unknown] = bag.left
    if (unknown !== undefined) throw new BlockError('invalid', `Invalid parameter '${unknown}'`, { option: unknown })
    return { make, makeData }
  }
}

/** Nodes that an image is made in. */
interface Places {
  readonly filename?: string
  readonly data?: BlockNode | undefined
  readonly openGiven?: CreateRequest['openGiven']
}

/** @throws {BlockError} @throws {QmpError} in QEMU's words */
export function startCreate({ drives, jobs }: JobPlace, id: string, image: NewImage): void {
  // An image without structure is its file: `vmon img create` makes one, and this command none.
  const makes = image.driver === 'file' || (image.driver !== 'raw' && formats.get(image.driver)?.create !== undefined)
  if (!makes) {
    throw new BlockError('unsupported', 'Driver does not support blockdev-create')
  }
  jobs.create(new CreateJob(drives, image), { id, autoDismiss: false }).start()
}

/** Makes a file at once if there is none: what is in the way is told before the command is answered. */
function touch(filename: string): void {
  try {
    closeSync(openSync(filename, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY))
  } catch (cause) {
    throw couldNotCreate(filename, cause)
  }
}
