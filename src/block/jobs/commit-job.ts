import { QmpError } from '../../qapi/index.ts'
import { BlockError } from '../block-error.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import { rootImage } from '../drives/internal-snapshot.ts'
import { ReadOnlyAgain } from '../drives/read-only-again.ts'
import { CommitTopDriver } from '../filters/commit-top/commit-top-driver.ts'
import { allocation, chainOf, skipFilters } from '../graph/allocation.ts'
import type { Attachment } from '../graph/attachment.ts'
import { CopyBuffers } from '../graph/copy-buffers.ts'
import type { BlockNode } from '../graph/node.ts'
import { FilterNode, nodeNamed } from './filter-node.ts'
import { findBacking } from './find-backing.ts'
import type { ImageHolds } from './image-holds.ts'
import { type ImageJobOptions, type JobPlace, type NewImageJob, newImageJob } from './image-job.ts'
import type { Job, JobWork } from './job.ts'
import type { ErrorPolicy } from './job-failure.ts'
import { startActiveCommit } from './mirror-start.ts'
import { overlayOf } from './overlay-of.ts'

/** What is to be folded, and into which image behind it. */
export interface CommitTarget extends ImageJobOptions {
  /** Drive, or node, whose chain of images it is. */
  readonly device: string
  /** The topmost image that is folded: default, the drive's own. */
  readonly top?: string | undefined
  readonly topNode?: string | undefined
  /** The image that is written: default, the last of the chain. */
  readonly base?: string | undefined
  readonly baseNode?: string | undefined
  /** What the images over @top are to call what is behind them then. */
  readonly backingFile?: string | undefined
  readonly onError?: ErrorPolicy | undefined
  readonly filterNodeName?: string | undefined
}

const chunk = 512 * 1024
const everything = ['read', 'write', 'resize'] as const

/** Folds images in the middle of a chain into one behind them, and takes them out of the chain then. */
class CommitJob implements JobWork {
  readonly type = 'commit'
  readonly #top: BlockNode
  readonly #base: BlockNode
  readonly #filter: FilterNode
  readonly #target: CommitTarget
  readonly #drives: DriveSet
  readonly #reopened: ReadOnlyAgain
  readonly #holds: ImageHolds
  readonly #writer: Attachment

  constructor(
    drives: DriveSet,
    nodes: { readonly top: BlockNode; readonly base: BlockNode; readonly filter: FilterNode },
    {
      target,
      reopened,
      holds,
      writer,
    }: {
      readonly target: CommitTarget
      readonly reopened: ReadOnlyAgain
      readonly holds: ImageHolds
      readonly writer: Attachment
    },
  ) {
    this.#drives = drives
    this.#top = nodes.top
    this.#base = nodes.base
    this.#filter = nodes.filter
    this.#target = target
    this.#reopened = reopened
    this.#holds = holds
    this.#writer = writer
  }

  async run(job: Job): Promise<void> {
    const top = this.#top
    const base = this.#base
    const { length } = top
    job.setRemaining(length)
    if (base.length < length) await base.truncate(length)
    const lowest = overlayOf(top, base)
    const buffers = new CopyBuffers(chunk)
    for (let offset = 0, delay = 0; offset < length; ) {
      await job.sleep(delay)
      if (job.cancelled) return
      let operation: 'read' | 'write' = 'read'
      try {
        const found = await allocation(top, lowest, offset, Math.min(chunk, length - offset))
        if (found.allocated) {
          const from = offset
          await buffers.lend(found.length, async (bytes) => {
            await top.readInto(from, bytes)
            operation = 'write'
            await base.write(from, bytes)
          })
        }
        offset += found.length
        job.progressed(found.length)
        delay = found.allocated ? job.delayAfter(found.length) : 0
      } catch (error) {
        if (job.judge(this.#target.onError ?? 'report', operation, error) === 'report') throw error
        delay = 0
      }
    }
  }

  async prepare(): Promise<void> {
    const base = this.#base
    await base.flush()
    await this.#writer.detach()
    const filter = this.#filter.node
    const filename = this.#target.backingFile ?? skipFilters(base).filename
    for (const { node, role } of this.#drives.graph.above(filter)) {
      await node.replaceChild(role, base)
      if (role === 'backing') await rename(node, { filename, format: skipFilters(base).driver.name })
    }
  }

  async abort(): Promise<void> {
    await this.#writer.detach()
    await this.#holds.giveBack()
    await this.#filter.takeAway()
  }

  async clean(): Promise<void> {
    await this.#filter.close()
    await this.#reopened.undo()
  }
}

/** An image that is read only is written for this. */
async function rename(
  image: BlockNode,
  backing: { readonly filename: string; readonly format: string },
): Promise<void> {
  const reopened = new ReadOnlyAgain(image)
  await reopened.begin()
  try {
    await image.driver.nameBacking?.(backing)
  } finally {
    await reopened.undo()
  }
}

/** @throws {BlockError} @throws {QmpError} in QEMU's words */
export async function startCommit(place: JobPlace, target: CommitTarget): Promise<Job> {
  const { drives } = place
  const { device } = target
  const active = activeImage(drives, device)
  drives.checkFree(active, 'commit-source')
  const top = topOf(drives, active, target)
  const base = baseOf(drives, top, target)
  for (const node of chainOf(top)) {
    drives.checkFree(node, 'commit-target')
    if (node === base) break
  }
  if (top === base) throw new BlockError('invalid', 'cannot commit an image into itself')
  const isActive = skipFilters(top) === skipFilters(active)
  if (isActive || top.access.uses.includes('write')) {
    if (target.backingFile !== undefined) {
      const text = isActive ? "but 'top' is the active layer" : "but 'top' has a writer on it"
      throw new BlockError('invalid', `'backing-file' specified, ${text}`)
    }
    const id = target.id ?? drives.holding(active).find((drive) => drive.id !== '')?.id ?? ''
    return startActiveCommit(place, top, base, { ...target, id })
  }
  drives.checkFree(overlayOf(active, top), 'commit-target')
  return startIntermediate(place, active, { top, base }, target)
}

async function startIntermediate(
  place: JobPlace,
  active: BlockNode,
  { top, base }: { readonly top: BlockNode; readonly base: BlockNode },
  target: CommitTarget,
): Promise<Job> {
  const { drives } = place
  if (skipFilters(top) === skipFilters(base)) {
    throw new BlockError('invalid', 'Invalid files for merge: top and base are the same')
  }
  let work: CommitJob | undefined
  const late: JobWork = {
    type: 'commit',
    run: (job) => work!.run(job),
    prepare: () => work!.prepare(),
    abort: () => work!.abort(),
    clean: () => work!.clean(),
  }
  const reopened = new ReadOnlyAgain(base)
  let made: NewImageJob | undefined
  let filter: FilterNode | undefined
  let writer: Attachment | undefined
  try {
    made = await newImageJob(place, late, active, { uses: [], shares: everything }, target)
    await reopened.begin()
    const name = target.filterNodeName
    const driver = new CommitTopDriver(top, { implicit: name === undefined })
    filter = await FilterNode.over(drives, top, driver, { name, readOnly: true })
    await made.holds.takeBetween(top, base)
    await made.holds.take(base, 'base', { uses: [], shares: everything })
    made.holds.freeze(filter.node, base)
    writer = await base.attach({
      description: 'an unnamed block device',
      access: { uses: base.length < top.length ? everything : ['read', 'write'], shares: ['read'] },
    })
    work = new CommitJob(drives, { top, base, filter }, { target, reopened, holds: made.holds, writer })
  } catch (error) {
    await writer?.detach()
    await made?.discard()
    await filter?.takeAway()
    await reopened.undo()
    throw error
  }
  made.job.start()
  return made.job
}

/** @throws {QmpError} DeviceNotFound, by which programs find out what there is; GenericError */
function activeImage(drives: DriveSet, device: string): BlockNode {
  try {
    return rootImage(drives, device)
  } catch (error) {
    const known = drives.find(device)?.node ?? drives.graph.find(device)
    if (known !== undefined) throw error
    throw new QmpError('DeviceNotFound', `Device '${device}' not found`)
  }
}

function topOf(drives: DriveSet, active: BlockNode, { top, topNode }: CommitTarget): BlockNode {
  if (top !== undefined && topNode !== undefined) {
    throw new BlockError('invalid', "'top-node' and 'top' are mutually exclusive")
  }
  if (topNode !== undefined) return inChain(drives, active, topNode)
  if (top === undefined || skipFilters(active).filename === top) return active
  const found = findBacking(active, top)
  if (found === undefined) throw new BlockError('invalid', `Top image file ${top} not found`)
  return found
}

function baseOf(drives: DriveSet, top: BlockNode, { base, baseNode }: CommitTarget): BlockNode {
  if (base !== undefined && baseNode !== undefined) {
    throw new BlockError('invalid', "'base-node' and 'base' are mutually exclusive")
  }
  if (baseNode !== undefined) return inChain(drives, top, baseNode)
  if (base === undefined) return chainOf(top).at(-1)!
  const found = findBacking(top, base)
  if (found === undefined) throw new BlockError('invalid', `Can't find '${base}' in the backing chain`)
  return found
}

function inChain(drives: DriveSet, top: BlockNode, name: string): BlockNode {
  const node = nodeNamed(drives, name)
  if (chainOf(top).includes(node)) return node
  throw new BlockError('invalid', `'${name}' is not in this backing file chain`)
}
