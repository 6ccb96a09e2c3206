import { BlockError } from '../block-error.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import { ReadOnlyAgain } from '../drives/read-only-again.ts'
import { CopyOnReadDriver } from '../filters/copy-on-read/copy-on-read-driver.ts'
import { chainOf, skipFilters } from '../graph/allocation.ts'
import { CopyBuffers } from '../graph/copy-buffers.ts'
import type { BlockNode } from '../graph/node.ts'
import { FilterNode, nodeNamed } from './filter-node.ts'
import { findBacking } from './find-backing.ts'
import { type ImageJobOptions, type JobPlace, type NewImageJob, newImageJob } from './image-job.ts'
import type { Job, JobWork } from './job.ts'
import type { ErrorPolicy } from './job-failure.ts'
import { overlayOf } from './overlay-of.ts'

/** What is to be copied up, and into which image. */
export interface StreamTarget extends ImageJobOptions {
  /** Drive, or node, of the image. */
  readonly device: string
  /** What this image and those behind it hold is not copied: it is the new backing file. A file name. */
  readonly base?: string | undefined
  /** The same, by the name of its node. */
  readonly baseNode?: string | undefined
  /** The last image of which something is copied. */
  readonly bottom?: string | undefined
  /** What the image is to call its new backing file. */
  readonly backingFile?: string | undefined
  readonly onError?: ErrorPolicy | undefined
  readonly filterNodeName?: string | undefined
}

const chunk = 512 * 1024

/** Copies into an image what the images behind it hold, and then lets go of those. */
class StreamJob implements JobWork {
  readonly type = 'stream'
  readonly #image: BlockNode
  /** The last image of which something is copied. */
  readonly #bottom: BlockNode
  readonly #filter: FilterNode
  readonly #driver: CopyOnReadDriver
  readonly #target: StreamTarget
  readonly #reopened: ReadOnlyAgain
  readonly #buffers = new CopyBuffers(chunk)

  constructor(
    image: BlockNode,
    bottom: BlockNode,
    filter: FilterNode,
    driver: CopyOnReadDriver,
    target: StreamTarget,
    reopened: ReadOnlyAgain,
  ) {
    this.#image = image
    this.#bottom = bottom
    this.#filter = filter
    this.#driver = driver
    this.#target = target
    this.#reopened = reopened
  }

  async run(job: Job): Promise<void> {
    if (skipFilters(this.#image) === this.#bottom) return
    const { length } = this.#image
    job.setRemaining(length)
    let failure: unknown
    for (let offset = 0, delay = 0; offset < length; ) {
      await job.sleep(delay)
      if (job.cancelled) break
      let step = Math.min(chunk, length - offset)
      let copies = false
      try {
        ;({ length: step, copies } = await this.#driver.look(offset, step))
        if (copies) await this.#copy(offset, step)
      } catch (error) {
        const action = job.judge(this.#target.onError ?? 'report', 'read', error)
        if (action === 'stop') continue
        failure ??= error
        if (action === 'report') break
      }
      offset += step
      job.progressed(step)
      delay = copies ? job.delayAfter(step) : 0
    }
    // What was ignored is not there: the images behind are still needed.
    if (failure !== undefined) throw failure
  }

  async prepare(): Promise<void> {
    await this.#filter.takeAway()
    const image = skipFilters(this.#image)
    if (image.child('backing') === undefined) return
    const base = this.#bottom.behind
    const shown = skipFilters(base)
    await image.replaceChild('backing', base)
    const filename = this.#target.backingFile ?? shown?.filename ?? ''
    await image.driver.nameBacking?.(shown && { filename, format: shown.driver.name })
  }

  async clean(): Promise<void> {
    await this.#filter.takeAway()
    await this.#reopened.undo()
  }

  /** Through the filter's node: graph changes wait for it, and the guest's writes keep apart from it. */
  async #copy(offset: number, length: number): Promise<void> {
    await this.#buffers.lend(length, (bytes) => this.#filter.node.readInto(offset, bytes))
  }
}

/** @throws {BlockError} @throws {QmpError} in QEMU's words */
export async function startStream(place: JobPlace, target: StreamTarget): Promise<Job> {
  const { drives } = place
  const { device, base, baseNode, bottom } = target
  checkOnlyOne({ base, 'base-node': baseNode })
  checkOnlyOne({ base, bottom })
  checkOnlyOne({ bottom, 'base-node': baseNode })
  const image = drives.image({ device, nodeName: device })
  const below = baseOf(drives, image, target)
  const lowest = bottom === undefined ? undefined : bottomOf(drives, image, device, bottom)
  const end = lowest === undefined ? below : lowest.behind
  for (const node of chainOf(image)) {
    if (node === end) break
    drives.checkFree(node, 'stream')
  }
  if (below === undefined && target.backingFile !== undefined) {
    throw new BlockError('invalid', 'backing file specified, but streaming the entire chain')
  }
  if (lowest === undefined) checkKept(image, below)
  const last = lowest ?? overlayOf(image, below)
  const reopened = new ReadOnlyAgain(image)
  let made: NewImageJob | undefined
  let filter: FilterNode | undefined
  try {
    await reopened.begin()
    const { filterNodeName: name } = target
    const driver = new CopyOnReadDriver(image, { bottom: last, implicit: name === undefined })
    filter = await FilterNode.over(drives, image, driver, { name, inserted: true })
    const work = new StreamJob(image, last, filter, driver, target, reopened)
    made = await newImageJob(place, work, filter.node, { uses: [], shares: ['read', 'write', 'resize'] }, target)
    await made.holds.take(filter.node, 'root', { uses: ['read'], shares: ['read', 'write'] })
    await made.holds.take(image, 'active node', { uses: [], shares: ['read', 'write'] })
    for (const node of chainOf(image).slice(1)) {
      if (node === end) break
      await made.holds.take(node, 'intermediate node', { uses: [], shares: ['read'] })
    }
    made.holds.freeze(image, last)
  } catch (error) {
    await made?.discard()
    await filter?.takeAway()
    await reopened.undo()
    throw error
  }
  made.job.start()
  return made.job
}

function checkOnlyOne(given: Readonly<Record<string, string | undefined>>): void {
  const [one, other] = Object.keys(given)
  if (Object.values(given).some((value) => value === undefined)) return
  throw new BlockError('invalid', `'${one}' and '${other}' cannot be specified at the same time`)
}

function baseOf(drives: DriveSet, image: BlockNode, { device, base, baseNode }: StreamTarget): BlockNode | undefined {
  if (base !== undefined) {
    const found = findBacking(image, base)
    if (found === undefined) throw new BlockError('invalid', `Can't find '${base}' in the backing chain`)
    return found
  }
  if (baseNode === undefined) return undefined
  const node = nodeNamed(drives, baseNode)
  if (node !== image && chainOf(image).includes(node)) return node
  throw new BlockError('invalid', `Node '${baseNode}' is not a backing image of '${device}'`)
}

/** What a commit or a mirror has put into the chain goes away with it. */
function checkKept(image: BlockNode, base: BlockNode | undefined): void {
  for (let node = image; node.behind !== undefined && node.behind !== base; node = node.behind) {
    const { driver, name } = node.behind
    if (driver.name !== 'commit_top' && driver.name !== 'mirror_top') continue
    const link = node.child('backing') === node.behind ? 'backing' : 'file'
    throw new BlockError('busy', `Cannot freeze '${link}' link to '${name}'`, { node: name })
  }
}

function bottomOf(drives: DriveSet, image: BlockNode, device: string, name: string): BlockNode {
  const node = nodeNamed(drives, name)
  if (node.driver.filters === true) {
    throw new BlockError('invalid', `Node '${name}' is a filter, use a non-filter node as 'bottom'`)
  }
  if (chainOf(image).includes(node)) return node
  throw new BlockError('invalid', `Node '${name}' is not in a chain starting from '${device}'`)
}
