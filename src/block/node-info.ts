import { combinePath } from './combine-path.ts'
import type { DetectZeroes } from './detect-zeroes.ts'
import type { NestedOptions, Snapshot } from './driver.ts'
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
  readonly write_threshold: number
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
  readonly icount?: number
}

export interface NodeInfoOptions {
  /** Leave out the images below. */
  readonly flat?: boolean
}

/**
 * What is known of a node.
 *
 * @throws {BlockError} kind `io`, if a file cannot be asked for its size
 */
export async function nodeInfo(node: BlockNode, { flat = false }: NodeInfoOptions = {}): Promise<NodeInfo> {
  const backing = node.child('backing')
  const { encrypted } = await node.details()
  return {
    file: node.filename,
    'node-name': node.name,
    ro: node.readOnly,
    drv: node.driver.name,
    ...(backing !== undefined && { backing_file: backing.filename }),
    backing_file_depth: flat ? 0 : backingDepth(node),
    encrypted: encrypted === true,
    detect_zeroes: node.detectZeroes,
    image: await imageInfo(node, { flat }),
    cache: { writeback: true, direct: node.cache.direct, 'no-flush': node.cache.noFlush },
    write_threshold: node.writes.threshold,
  }
}

/** What is known of an image, and of those below it. @throws {BlockError} kind `io` */
export async function imageInfo(node: BlockNode, { flat = false }: NodeInfoOptions = {}): Promise<ImageInfo> {
  const { actualSize, backingFilename, backingFormat, clusterSize, dirty, encrypted, formatSpecific } =
    await node.details()
  const snapshots = node.driver.snapshots?.list ?? []
  const { behind } = node
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
      'full-backing-filename': combinePath(node.child('file')?.filename ?? node.filename, backingFilename),
    }),
    ...(backingFormat !== undefined && { 'backing-filename-format': backingFormat }),
    ...(snapshots.length > 0 && { snapshots: snapshots.map(snapshotInfo) }),
    ...(behind !== undefined && !flat && { 'backing-image': await imageInfo(behind) }),
    ...(formatSpecific !== undefined && { 'format-specific': formatSpecific }),
  }
}

export function snapshotInfo({ date, id, name, vmClockNanoseconds, vmStateSize }: Snapshot): SnapshotInfo {
  return {
    id,
    name,
    'vm-state-size': vmStateSize,
    'date-sec': date.seconds,
    'date-nsec': date.nanoseconds,
    'vm-clock-sec': Number(vmClockNanoseconds / 1_000_000_000n),
    'vm-clock-nsec': Number(vmClockNanoseconds % 1_000_000_000n),
  }
}

function backingDepth({ behind }: BlockNode): number {
  return behind === undefined ? 0 : 1 + backingDepth(behind)
}
