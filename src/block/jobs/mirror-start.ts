import { BlockError } from '../block-error.ts'
import { createImage } from '../create/create-image.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import { describeImage } from '../drives/external-snapshot.ts'
import { rootImage } from '../drives/internal-snapshot.ts'
import { ReadOnlyAgain } from '../drives/read-only-again.ts'
import { MirrorTopDriver } from '../filters/mirror-top/mirror-top-driver.ts'
import { chainOf, skipFilters, skipImplicit } from '../graph/allocation.ts'
import type { Attachment } from '../graph/attachment.ts'
import type { BlockNode } from '../graph/node.ts'
import { combinePath } from '../open/combine-path.ts'
import type { CommitTarget } from './commit-job.ts'
import { FilterNode } from './filter-node.ts'
import { type ImageJobOptions, type JobPlace, type NewImageJob, newImageJob } from './image-job.ts'
import type { Job, JobWork } from './job.ts'
import type { ErrorPolicy } from './job-failure.ts'
import { MirrorJob, type MirrorPlan, sameImage } from './mirror-job.ts'
import { overlayOf } from './overlay-of.ts'

export type MirrorSync = 'top' | 'full' | 'none' | 'incremental' | 'bitmap'

export interface MirrorOptions extends ImageJobOptions {
  /** Drive, or node, that is copied. */
  readonly device: string
  readonly sync: MirrorSync
  /** The node that the copy takes the place of. */
  readonly replaces?: string | undefined
  readonly granularity?: number | undefined
  readonly bufferSize?: number | undefined
  readonly onSourceError?: ErrorPolicy | undefined
  readonly onTargetError?: ErrorPolicy | undefined
  readonly copyMode?: 'background' | 'write-blocking' | undefined
  readonly unmap?: boolean | undefined
}

/** A copy in a file. */
export interface MirrorToFile extends MirrorOptions {
  readonly target: string
  readonly format?: string | undefined
  readonly nodeName?: string | undefined
  readonly mode?: 'existing' | 'absolute-paths' | undefined
}

/** A copy in a node that is there. */
export interface MirrorToNode extends MirrorOptions {
  readonly target: string
  readonly filterNodeName?: string | undefined
}

type Backing = 'source' | 'open' | 'leave'

const everything = ['read', 'write', 'resize'] as const
const defaultBufferSize = 16 * 2 ** 20
const largestGranularity = 64 * 2 ** 20

/** @throws {BlockError} @throws {QmpError} in QEMU's words */
export async function startMirrorToFile(place: JobPlace, options: MirrorToFile): Promise<Job> {
  const { drives } = place
  const { device, target: filename, nodeName, mode = 'absolute-paths' } = options
  const source = rootImage(drives, device)
  drives.checkFree(source, 'mirror-source')
  const existing = mode === 'existing'
  const format = options.format ?? (existing ? undefined : source.driver.name)
  const behind = skipFilters(source).child('backing')
  const sync = options.sync === 'top' && behind === undefined ? 'full' : options.sync
  const backing = sync === 'none' ? source : behind
  if (options.replaces !== undefined && nodeName === undefined) {
    throw new BlockError('invalid', 'a node-name must be provided when replacing a named node of the graph')
  }
  if (!existing) {
    const shown = sync === 'full' || backing === undefined ? undefined : skipImplicit(backing)
    await makeTarget(drives, { filename, format: format!, size: source.length, shown })
  }
  const target = await drives.graph.open({
    filename,
    options: {
      ...(nodeName !== undefined && { 'node-name': nodeName }),
      ...(format !== undefined && { driver: format }),
      ...(format !== 'raw' && { backing: null }),
      'cache.direct': source.cache.direct,
      'cache.no-flush': source.cache.noFlush,
      ...(source.discards && { discard: 'unmap' }),
    },
  })
  try {
    return await startMirror(place, source, target, {
      ...options,
      sync,
      backing: existing ? 'open' : 'source',
      zeroTarget: sync === 'full' && (existing || target.child('file')?.driver.grows !== true),
    })
  } finally {
    if (target.state === 'open' && !target.attached) await target.close()
  }
}

/** @throws {BlockError} @throws {QmpError} in QEMU's words */
export function startMirrorToNode(place: JobPlace, options: MirrorToNode): Promise<Job> {
  const { drives } = place
  const { device, target: name, sync } = options
  const source = rootImage(drives, device)
  const target = drives.image({ device: name, nodeName: name })
  return startMirror(place, source, target, { ...options, backing: 'leave', zeroTarget: sync === 'full' })
}

/** Folds an image that is written into one behind it: a copy to what is there already. */
export async function startActiveCommit(
  place: JobPlace,
  top: BlockNode,
  base: BlockNode,
  { onError = 'report', filterNodeName, ...options }: CommitTarget,
): Promise<Job> {
  const reopened = new ReadOnlyAgain(base)
  await reopened.begin()
  try {
    return await startCopy(place, top, base, {
      ...options,
      filterNodeName,
      type: 'commit',
      none: false,
      base,
      zeroTarget: false,
      backing: 'leave',
      granularity: undefined,
      bufferSize: undefined,
      unmap: true,
      blocking: false,
      onSourceError: onError,
      onTargetError: onError,
      replaces: undefined,
      reopened,
    })
  } catch (error) {
    await reopened.undo()
    throw error
  }
}

export async function makeTarget(
  drives: DriveSet,
  plan: { filename: string; format: string; size: number; shown: BlockNode | undefined },
): Promise<void> {
  const { shown, ...image } = plan
  const backing = shown && { filename: shown.filename, format: shown.driver.name }
  const all = { ...image, toWrite: true, ...(backing !== undefined && { backing }) }
  await createImage(drives.graph, all, () => drives.print(describeImage(all)))
}

async function startMirror(
  place: JobPlace,
  source: BlockNode,
  target: BlockNode,
  options: MirrorOptions & {
    readonly backing: Backing
    readonly zeroTarget: boolean
    readonly filterNodeName?: string | undefined
  },
): Promise<Job> {
  const { drives } = place
  const { granularity = 0, copyMode = 'background', unmap = true } = options
  checkGranularity(granularity)
  drives.checkFree(source, 'mirror-source')
  drives.checkFree(target, 'mirror-target')
  const behind = skipFilters(source).child('backing')
  const sync = options.sync === 'top' && behind === undefined ? 'full' : options.sync
  const shown = skipImplicit(source)
  const replaces = options.replaces ?? (shown === source ? undefined : shown.name)
  if (replaces !== undefined) {
    const replaced = replacedNode(drives, source, replaces)
    if (replaced.length !== source.length) {
      throw new BlockError('invalid', 'cannot replace image with a mirror image of different size')
    }
  }
  if (sync === 'incremental' || sync === 'bitmap') {
    throw new BlockError('unsupported', `Sync mode '${sync}' not supported`)
  }
  return startCopy(place, source, target, {
    ...options,
    type: 'mirror',
    none: sync === 'none',
    base: sync === 'top' ? behind : undefined,
    granularity: granularity === 0 ? undefined : granularity,
    unmap,
    blocking: copyMode === 'write-blocking',
    onSourceError: options.onSourceError ?? 'report',
    onTargetError: options.onTargetError ?? 'report',
    replaces,
    reopened: new ReadOnlyAgain(target),
  })
}

interface CopyPlan
  extends ImageJobOptions,
    Pick<
      MirrorPlan,
      'type' | 'none' | 'base' | 'zeroTarget' | 'unmap' | 'blocking' | 'onSourceError' | 'onTargetError' | 'reopened'
    > {
  readonly backing: Backing
  readonly granularity: number | undefined
  readonly bufferSize?: number | undefined
  readonly replaces: string | undefined
  readonly filterNodeName?: string | undefined
}

async function startCopy(place: JobPlace, source: BlockNode, target: BlockNode, plan: CopyPlan): Promise<Job> {
  const { drives } = place
  const { bufferSize = 0, filterNodeName: name, type, base, replaces } = plan
  const granularity = plan.granularity ?? (await defaultGranularity(target))
  if (bufferSize < 0) throw new BlockError('invalid', "Invalid parameter 'buf-size'")
  if (sameImage(source, target)) throw new BlockError('invalid', "Can't mirror node into itself")
  const commits = chainOf(source).includes(target)
  let work: MirrorJob | undefined
  const late: JobWork = {
    type,
    run: (job) => work!.run(job),
    prepare: () => work!.prepare(),
    abort: () => work!.abort(),
    clean: () => work!.clean(),
    complete: () => work!.complete(),
    cancel: (force) => work!.cancel(force),
  }
  const driver = new MirrorTopDriver(source, { implicit: name === undefined, commits })
  let filter: FilterNode | undefined
  let made: NewImageJob | undefined
  let writer: Attachment | undefined
  try {
    filter = await FilterNode.over(drives, source, driver, { name, readOnly: source.readOnly })
    made = await newImageJob(place, late, filter.node, { uses: ['read'], shares: ['read', 'write'] }, plan)
    if (!commits && chainOf(source).includes(skipFilters(target))) {
      throw new BlockError('unsupported', "Cannot mirror to a filter on top of a node in the source's backing chain")
    }
    const resizes = commits && target.length < source.length
    writer = await target.attach({
      description: 'an unnamed block device',
      access: { uses: resizes ? ['write', 'resize'] : ['write'], shares: commits ? ['read', 'write'] : [] },
    })
    await made.holds.take(source, 'source', { uses: [], shares: ['read', 'write'] })
    await made.holds.take(target, 'target', { uses: [], shares: everything })
    if (commits) {
      const below = source.behind
      if (below !== undefined && below !== target)
        await made.holds.takeBetween(below, target, overlayOf(source, target))
      made.holds.freeze(filter.node, target)
    }
    work = new MirrorJob(drives, {
      ...plan,
      source,
      target,
      filter,
      driver,
      lowest: overlayOf(source, base),
      holds: made.holds,
      granularity,
      copyUnit: await copyUnit(target, granularity),
      bufferSize: Math.ceil((bufferSize || defaultBufferSize) / granularity) * granularity,
      writer,
      giveBacking: backingGiver(drives, source, target, plan),
      replaced: () => (replaces === undefined ? source : atEnd(drives, replaces)),
    })
  } catch (error) {
    await writer?.detach()
    await made?.discard()
    if (filter !== undefined) {
      driver.letGo()
      await filter.takeAway()
    }
    throw error
  }
  made.job.start()
  return made.job
}

/** What is behind the copy in the end: what is behind the source, or what the copy itself names. */
function backingGiver(
  drives: DriveSet,
  source: BlockNode,
  target: BlockNode,
  { backing, base, none }: CopyPlan,
): (() => Promise<void>) | undefined {
  const image = skipFilters(target)
  if (backing === 'leave' || image.driver.takesBacking !== true) return undefined
  if (backing === 'source') {
    const wanted = none ? source : base
    return async () => {
      if (image.child('backing') !== wanted) await image.replaceChild('backing', wanted)
    }
  }
  return async () => {
    const { backingFilename, backingFormat } = await image.details()
    if (backingFilename === undefined || image.child('backing') !== undefined) return
    const { graph } = drives
    const node = await graph.open({
      filename: besides(image, backingFilename),
      readOnly: true,
      options: backingFormat === undefined ? {} : { driver: backingFormat },
    })
    await image.replaceChild('backing', node)
  }
}

function besides(image: BlockNode, filename: string): string {
  return combinePath(image.child('file')?.filename ?? image.filename, filename)
}

/** Bytes that a bit of what is to be copied stands for: a cluster of the copy, within limits. */
async function defaultGranularity(target: BlockNode): Promise<number> {
  const { clusterSize = 65536 } = await target.details()
  return Math.min(65536, Math.max(4096, clusterSize))
}

/** Bytes that are copied whole: the copy cannot fill a cluster up from what it names, which is not behind it yet. */
async function copyUnit(target: BlockNode, granularity: number): Promise<number> {
  const { clusterSize = granularity, backingFilename } = await target.details()
  const lacksBacking = backingFilename !== undefined && skipFilters(target).child('backing') === undefined
  return lacksBacking ? Math.max(granularity, clusterSize) : granularity
}

/** @throws {BlockError} kind `invalid` */
function checkGranularity(granularity: number): void {
  if (granularity !== 0 && !(granularity >= 512 && granularity <= largestGranularity)) {
    throw new BlockError('invalid', "Parameter 'granularity' expects a value in range [512B, 64MB]")
  }
  if (granularity !== 0 && !Number.isInteger(Math.log2(granularity))) {
    throw new BlockError('invalid', "Parameter 'granularity' expects a power of 2")
  }
}

/** @throws {BlockError} kind `missing` */
function atEnd(drives: DriveSet, name: string): BlockNode {
  const node = drives.graph.find(name)
  if (node !== undefined) return node
  throw new BlockError('missing', `Node name '${name}' not found`)
}

/** @throws {BlockError} kinds `missing` and `invalid` */
function replacedNode(drives: DriveSet, source: BlockNode, name: string): BlockNode {
  const node = drives.graph.find(name)
  if (node === undefined) throw new BlockError('missing', `Failed to find node with node-name='${name}'`)
  drives.checkFree(node, 'replace')
  const throughFilters = chainOf(source).slice(0, chainOf(source).indexOf(skipFilters(source)) + 1)
  if (!throughFilters.includes(node)) {
    const text =
      `Cannot replace '${name}' by a node mirrored from '${source.name}', because it cannot be guaranteed that doing so ` +
      'would not lead to an abrupt change of visible data'
    throw new BlockError('invalid', text)
  }
  return node
}
