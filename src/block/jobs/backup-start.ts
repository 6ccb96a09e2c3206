import { changing, using } from '../bitmaps/index.ts'
import { BlockError } from '../block-error.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import { BlockCopy } from '../filters/copy-before-write/block-copy.ts'
import { CopyBeforeWriteDriver } from '../filters/copy-before-write/copy-before-write-driver.ts'
import { copyClusterSize } from '../filters/copy-before-write/copy-cluster-size.ts'
import { skipFilters, skipImplicit } from '../graph/allocation.ts'
import type { BlockNode } from '../graph/node.ts'
import { BackupJob, type BackupPlan, type BitmapMode } from './backup-job.ts'
import { FilterNode } from './filter-node.ts'
import { type ImageJobOptions, type JobPlace, type NewImageJob, newImageJob } from './image-job.ts'
import type { JobWork } from './job.ts'
import type { ErrorPolicy } from './job-failure.ts'
import { type MirrorSync, makeTarget } from './mirror-start.ts'

export interface BackupOptions extends ImageJobOptions {
  /** Drive, or node, that is copied. */
  readonly device: string
  readonly sync: MirrorSync
  /** What is copied, with `sync` `bitmap` and `incremental`; with others what was not, afterwards. */
  readonly bitmap?: string | undefined
  readonly bitmapMode?: BitmapMode | undefined
  readonly compress?: boolean | undefined
  readonly onSourceError?: ErrorPolicy | undefined
  readonly onTargetError?: ErrorPolicy | undefined
  readonly filterNodeName?: string | undefined
  /** How many requests are on their way at most. Default: 64. */
  readonly maxWorkers?: number | undefined
  /** Bytes of one request at most; 0, the default, for no limit. */
  readonly maxChunk?: number | undefined
}

/** A copy in a file. */
export interface BackupToFile extends BackupOptions {
  readonly target: string
  readonly format?: string | undefined
  readonly mode?: 'existing' | 'absolute-paths' | undefined
}

/** A copy in a node that is there. */
export interface BackupToNode extends BackupOptions {
  readonly targetNode: string
}

const everything = ['read', 'write', 'resize'] as const
/** More on their way bring nothing, and take memory. */
const mostWorkers = 16

/** Makes a job, which is not started yet. @throws {BlockError} @throws {QmpError} in QEMU's words */
export async function makeBackup(place: JobPlace, options: BackupToFile | BackupToNode): Promise<NewImageJob> {
  const { drives } = place
  const { device } = options
  const source = drives.image({ device, nodeName: device })
  if ('targetNode' in options) {
    const name = options.targetNode
    return makeJob(place, source, drives.image({ device: name, nodeName: name }), options)
  }
  const sync = options.sync === 'top' && skipFilters(source).child('backing') === undefined ? 'full' : options.sync
  const target = await openTarget(drives, source, { ...options, sync })
  try {
    return await makeJob(place, source, target, { ...options, sync })
  } finally {
    if (target.state === 'open' && !target.attached) await target.close()
  }
}

async function openTarget(drives: DriveSet, source: BlockNode, options: BackupToFile): Promise<BlockNode> {
  const { target: filename, sync, mode = 'absolute-paths' } = options
  const existing = mode === 'existing'
  const format = options.format ?? (existing ? undefined : source.driver.name)
  drives.checkFree(source, 'backup-source')
  const behind = sync === 'top' ? skipFilters(source).child('backing') : sync === 'none' ? source : undefined
  if (!existing) {
    const shown = behind === undefined ? undefined : skipImplicit(behind)
    await makeTarget(drives, { filename, format: format!, size: source.length, shown })
  }
  const none = sync === 'none'
  const target = await drives.graph.open({
    filename,
    options: {
      discard: 'unmap',
      'detect-zeroes': 'unmap',
      ...(format !== undefined && { driver: format }),
      ...(none && { backing: null }),
      'cache.direct': source.cache.direct,
      'cache.no-flush': source.cache.noFlush,
    },
  })
  try {
    if (none) await target.replaceChild('backing', source)
  } catch (error) {
    await target.close()
    throw error
  }
  return target
}

async function makeJob(
  place: JobPlace,
  source: BlockNode,
  target: BlockNode,
  options: BackupOptions,
): Promise<NewImageJob> {
  const { drives } = place
  const { sync, compress = false, filterNodeName: name, maxChunk = 0 } = options
  const wanted = wantedBitmap(source, options)
  if (source === target) throw new BlockError('invalid', 'Source and target cannot be the same')
  if (compress) checkCompression(drives, target)
  drives.checkFree(source, 'backup-source')
  drives.checkFree(target, 'backup-target')
  const workers = checkedWorkers(options)
  if (wanted !== undefined && wanted.mode !== 'never') wanted.bitmap.check(changing)
  if (wanted !== undefined) source.bitmaps.freeze(wanted.bitmap)
  let filter: FilterNode | undefined
  let work: BackupJob | undefined
  try {
    if (source.length !== target.length) {
      throw new BlockError('invalid', 'Source and target image have different sizes')
    }
    const clusterSize = await copyClusterSize(target)
    checkChunk(options, clusterSize)
    const onlyDirty = sync === 'bitmap' || sync === 'incremental' ? wanted?.bitmap : undefined
    const copy = new BlockCopy({
      source,
      target,
      clusterSize,
      wanted: onlyDirty,
      compressed: compress,
      ...(maxChunk > 0 && { mostAtOnce: maxChunk }),
    })
    const driver = new CopyBeforeWriteDriver(source, copy, { comesLater: true })
    try {
      filter = await FilterNode.over(drives, source, driver, { name, readOnly: source.readOnly, inserted: true })
    } catch (error) {
      copy.end()
      throw error
    }
    const late: JobWork = {
      type: 'backup',
      run: (job) => work!.run(job),
      commit: () => work!.commit(),
      abort: () => work!.abort(),
      clean: () => work!.clean(),
    }
    const made = await newImageJob(place, late, filter.node, { uses: [], shares: everything }, options)
    const plan: BackupPlan = {
      filter,
      copy,
      none: sync === 'none',
      top: sync === 'top',
      bitmap: wanted && { ...wanted, of: source },
      workers,
      onSourceError: options.onSourceError ?? 'report',
      onTargetError: options.onTargetError ?? 'report',
      holds: made.holds,
    }
    work = new BackupJob(plan)
    try {
      await made.holds.take(target, 'target', { uses: [], shares: everything })
    } catch (error) {
      await made.discard()
      throw error
    }
    return made
  } catch (error) {
    await filter?.takeAway()
    if (wanted !== undefined) source.bitmaps.reclaim(wanted.bitmap)
    throw error
  }
}

/** @throws {BlockError} kinds `invalid`, `missing`, and of `DirtyBitmap.check()` */
function wantedBitmap(source: BlockNode, { sync, bitmap: name, bitmapMode }: BackupOptions) {
  if ((sync === 'bitmap' || sync === 'incremental') && name === undefined) {
    throw new BlockError('invalid', `must provide a valid bitmap name for '${sync}' sync mode`)
  }
  if (sync === 'incremental' && bitmapMode !== undefined && bitmapMode !== 'on-success') {
    throw new BlockError('invalid', "Bitmap sync mode must be 'on-success' when using sync mode 'incremental'")
  }
  const mode = sync === 'incremental' ? 'on-success' : bitmapMode
  if (name === undefined) {
    if (mode === undefined) return undefined
    throw new BlockError('invalid', 'Cannot specify bitmap sync mode without a bitmap')
  }
  const bitmap = source.bitmaps.find(name)
  if (bitmap === undefined) throw new BlockError('missing', `Bitmap '${name}' could not be found`)
  if (mode === undefined) {
    throw new BlockError('invalid', 'Bitmap sync mode must be given when providing a bitmap')
  }
  bitmap.check(using)
  if (sync === 'none') {
    throw new BlockError('invalid', "sync mode 'none' does not produce meaningful bitmap outputs")
  }
  if (mode === 'never' && sync !== 'bitmap') {
    const text = `Bitmap sync mode 'never' has no meaningful effect when combined with sync mode '${sync}'`
    throw new BlockError('invalid', text)
  }
  return { bitmap, mode }
}

function checkCompression(drives: DriveSet, target: BlockNode): void {
  const { driver } = skipFilters(target)
  if (driver.writeCompressed !== undefined && driver.compressionRefusal === undefined) return
  const drive = drives.holding(target).find(({ id }) => id !== '')?.id ?? ''
  throw new BlockError('unsupported', `Compression is not supported for this drive ${drive}`)
}

function checkedWorkers({ maxWorkers = 64, maxChunk = 0 }: BackupOptions): number {
  if (maxWorkers < 1 || maxWorkers > 2 ** 31 - 1) {
    throw new BlockError('invalid', 'max-workers must be between 1 and 2147483647')
  }
  if (maxChunk < 0) throw new BlockError('invalid', 'max-chunk must be zero (which means no limit) or positive')
  return Math.min(maxWorkers, mostWorkers)
}

function checkChunk({ maxChunk = 0 }: BackupOptions, clusterSize: number): void {
  if (maxChunk === 0 || maxChunk >= clusterSize) return
  const text = `Required max-chunk (${maxChunk}) is less than backup cluster size (${clusterSize})`
  throw new BlockError('invalid', text)
}
