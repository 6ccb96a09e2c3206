import { type BitmapInfo, bitmapInfo } from '../bitmaps/index.ts'
import { combinePath } from '../open/combine-path.ts'
import type { DetectZeroes } from '../open/detect-zeroes.ts'
import type { NestedOptions, Snapshot } from '../open/driver.ts'
import { storageName } from '../open/storage-name.ts'
import { skipImplicit } from './allocation.ts'
import type { BlockNode } from './node.ts'

/** What is in a drive, or a node by itself (QAPI's BlockDeviceInfo), but for what only a drive has. */
export interface NodeInfo {
  readonly file: string
  readonly 'node-name': string
  readonly ro: boolean
  readonly drv: string
  readonly backing_file?: string
  readonly backing_file_depth: number
  readonly encrypted: boolean
  readonly detect_zeroes: DetectZeroes
  readonly image: ImageInfo
  readonly cache: { readonly writeback: boolean; readonly direct: boolean; readonly 'no-flush': boolean }
  readonly write_threshold: number | bigint
  readonly 'dirty-bitmaps'?: BitmapInfo[]
}

/** An image (QAPI's ImageInfo). */
export interface ImageInfo {
  readonly filename: string
  readonly format: string
  readonly 'dirty-flag'?: boolean
  readonly 'actual-size'?: number
  readonly 'virtual-size': number
  readonly 'cluster-size'?: number
  readonly encrypted?: boolean
  readonly 'backing-filename'?: string
  readonly 'full-backing-filename'?: string
  readonly 'backing-filename-format'?: string
  readonly snapshots?: SnapshotInfo[]
  readonly 'backing-image'?: ImageInfo
  readonly 'format-specific'?: NestedOptions
}

/** A snapshot inside an image (QAPI's SnapshotInfo). */
export interface SnapshotInfo {
  readonly id: string
  readonly name: string
  readonly 'vm-state-size': number
  readonly 'date-sec': number
  readonly 'date-nsec': number
  readonly 'vm-clock-sec': number
  readonly 'vm-clock-nsec': number
  readonly icount?: number | bigint
}

export interface NodeInfoOptions {
  /** Leave out the images below. */
  readonly flat?: boolean
  /** Leave out nodes that are there for a job, and that users have not asked to see. */
  readonly skipsImplicit?: boolean
}

/**
 * What is known of a node.
 *
 * @throws {BlockError} kind `io`, if a file cannot be asked for its size
 */
export async function nodeInfo(node: BlockNode, options: NodeInfoOptions = {}): Promise<NodeInfo> {
  const { flat = false } = options
  // A filter's is the image that it shows, not one behind it.
  const backing = node.driver.filters === true ? undefined : node.child('backing')
  const { encrypted } = await node.details()
  return {
    file: node.filename,
    'node-name': node.name,
    ro: node.readOnly,
    drv: node.driver.name,
    ...(backing !== undefined && { backing_file: backing.filename }),
    backing_file_depth: flat ? 0 : backingDepth(node, options),
    encrypted: encrypted === true,
    detect_zeroes: node.detectZeroes,
    image: await imageInfo(node, options),
    cache: { writeback: true, direct: node.cache.direct, 'no-flush': node.cache.noFlush },
    write_threshold: withSign(node.writes.threshold),
    ...(!node.bitmaps.isEmpty && { 'dirty-bitmaps': bitmapInfo(node.bitmaps) }),
  }
}

/** As QEMU shows it: as if it had a sign. */
function withSign(value: number | bigint): number | bigint {
  return typeof value === 'number' ? value : BigInt.asIntN(64, value)
}

/** What is known of an image, and of those below it. @throws {BlockError} kind `io` */
export async function imageInfo(node: BlockNode, options: NodeInfoOptions = {}): Promise<ImageInfo> {
  const { actualSize, backingFilename, backingFormat, clusterSize, dirty, encrypted, formatSpecific } =
    await node.details()
  const snapshots = node.driver.snapshots?.list ?? []
  const behind = options.flat === true ? undefined : shownBehind(node, options)
  return {
    filename: node.filename,
    format: node.driver.name,
    ...(dirty !== undefined && { 'dirty-flag': dirty }),
    ...(actualSize !== undefined && { 'actual-size': actualSize }),
    'virtual-size': node.length,
    ...(clusterSize !== undefined && { 'cluster-size': clusterSize }),
    ...(encrypted === true && { encrypted }),
    ...(backingFilename !== undefined && {
      'backing-filename': backingFilename,
      'full-backing-filename': combinePath(storageName(node), backingFilename),
    }),
    ...(backingFormat !== undefined && { 'backing-filename-format': backingFormat }),
    ...(snapshots.length > 0 && { snapshots: snapshots.map(snapshotInfo) }),
    ...(behind !== undefined && { 'backing-image': await imageInfo(behind, options) }),
    ...(formatSpecific !== undefined && { 'format-specific': formatSpecific }),
  }
}

export function snapshotInfo(snapshot: Snapshot): SnapshotInfo {
  const { date, id, name, vmClockNanoseconds, vmStateSize, instructionCount } = snapshot
  return {
    id,
    name,
    'vm-state-size': vmStateSize,
    'date-sec': date.seconds,
    'date-nsec': date.nanoseconds,
    'vm-clock-sec': Number(vmClockNanoseconds / 1_000_000_000n),
    'vm-clock-nsec': Number(vmClockNanoseconds % 1_000_000_000n),
    ...(instructionCount !== undefined && { icount: instructionCount }),
  }
}

function backingDepth(node: BlockNode, options: NodeInfoOptions): number {
  const behind = shownBehind(node, options)
  return behind === undefined ? 0 : 1 + backingDepth(behind, options)
}

function shownBehind({ behind }: BlockNode, { skipsImplicit = false }: NodeInfoOptions): BlockNode | undefined {
  return behind !== undefined && skipsImplicit ? skipImplicit(behind) : behind
}
