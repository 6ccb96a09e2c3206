import type { DetectZeroes } from '../detect-zeroes.ts'
import type { ImageDetails } from '../driver.ts'
import type { BlockNode } from '../node.ts'
import type { Drive, IoStatus } from './drive.ts'

/** A drive as query-block shows it (QAPI's BlockInfo). */
export interface BlockInfo {
  readonly device: string
  readonly qdev?: string
  readonly type: 'unknown'
  readonly removable: boolean
  readonly locked: boolean
  readonly inserted?: BlockDeviceInfo
  readonly tray_open?: boolean
  readonly 'io-status'?: IoStatus
}

/** What is in a drive (QAPI's BlockDeviceInfo). */
export interface BlockDeviceInfo {
  readonly file: string
  readonly 'node-name': string
  readonly ro: boolean
  readonly drv: string
  readonly backing_file_depth: number
  readonly encrypted: boolean
  readonly detect_zeroes: DetectZeroes
  readonly bps: number
  readonly bps_rd: number
  readonly bps_wr: number
  readonly iops: number
  readonly iops_rd: number
  readonly iops_wr: number
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
}

/**
 * The drives as query-block shows them, in their order.
 *
 * @throws {BlockError} kind `io`, if a file cannot be asked for its size
 */
export function blockInfo(drives: Iterable<Drive>): Promise<BlockInfo[]> {
  return Promise.all([...drives].map(driveInfo))
}

async function driveInfo(drive: Drive): Promise<BlockInfo> {
  const { node, device, ioStatus } = drive
  return {
    device: drive.id,
    ...(device === undefined ? {} : { qdev: device.path }),
    type: 'unknown',
    removable: drive.removable,
    locked: drive.locked,
    ...(node === undefined ? {} : { inserted: await insertedInfo(drive, node) }),
    ...(drive.hasTray ? { tray_open: drive.trayOpen } : {}),
    ...(ioStatus === undefined ? {} : { 'io-status': ioStatus }),
  }
}

async function insertedInfo({ writeback }: Drive, node: BlockNode): Promise<BlockDeviceInfo> {
  return {
    file: node.filename,
    'node-name': node.name,
    ro: node.readOnly,
    drv: node.driver.name,
    backing_file_depth: 0,
    encrypted: false,
    detect_zeroes: node.detectZeroes,
    bps: 0,
    bps_rd: 0,
    bps_wr: 0,
    iops: 0,
    iops_rd: 0,
    iops_wr: 0,
    image: imageInfo(node, await node.details()),
    cache: { writeback, direct: node.cache.direct, 'no-flush': node.cache.noFlush },
    write_threshold: 0,
  }
}

function imageInfo(node: BlockNode, { dirty, actualSize }: ImageDetails): ImageInfo {
  return {
    filename: node.filename,
    format: node.driver.name,
    ...(dirty === undefined ? {} : { 'dirty-flag': dirty }),
    ...(actualSize === undefined ? {} : { 'actual-size': actualSize }),
    'virtual-size': node.length,
  }
}
