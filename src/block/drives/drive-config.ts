import type { DetectZeroes } from '../open/detect-zeroes.ts'
import type { OptionValues } from '../open/option-bag.ts'
import type { ThrottleLimits } from '../throttling/throttle-limits.ts'
import type { Accounting } from './accounting.ts'

/** How the board would connect a drive, in `-drive if=...`. */
export type DriveInterface = 'none' | 'ide' | 'scsi' | 'floppy' | 'pflash' | 'mtd' | 'sd' | 'virtio' | 'xen'

export type DriveMedia = 'disk' | 'cdrom'

/** What happens to a guest whose read fails. */
export type ReadErrorPolicy = 'report' | 'ignore' | 'stop'

/** What happens to a guest whose write fails; `enospc` stops it if the disk is full and reports all else. */
export type WriteErrorPolicy = ReadErrorPolicy | 'enospc'

/** Where the user wants the drive: by index, by bus and unit, or on the first free place. */
export interface DrivePosition {
  readonly index: number | undefined
  readonly bus: number
  readonly unit: number | undefined
}

/** A drive as the user asked for it, every word understood, nothing opened. */
export interface DriveConfig {
  readonly id: string | undefined
  readonly interface: DriveInterface
  readonly position: DrivePosition
  readonly media: DriveMedia
  /** The image's file name; undefined for an empty drive, or if `nodeOptions` say where the image is. */
  readonly file: string | undefined
  /** Options of the image's node (`driver`, `node-name`, `cache.direct`, `file.filename`, ...), checked when it is opened. */
  readonly nodeOptions: OptionValues
  readonly readOnly: boolean
  /** What is written goes to a file that nobody keeps. */
  readonly snapshot: boolean
  readonly detectZeroes: DetectZeroes
  /** What is read from behind the image is copied into it. */
  readonly copyOnRead: boolean
  /** Writes are complete when the host has them; if not, when they are on stable storage. */
  readonly writeback: boolean
  /** What its statistics count. */
  readonly accounting: Accounting
  readonly onReadError: ReadErrorPolicy
  readonly onWriteError: WriteErrorPolicy
  /** What the guest may do in a second; undefined for anything. A group without a name is the drive's own. */
  readonly throttle: { readonly limits: ThrottleLimits; readonly group: string | undefined } | undefined
}

/** Whether the user said anything of an image; without, the drive is empty. */
export function hasImage({ file, nodeOptions }: Pick<DriveConfig, 'file' | 'nodeOptions'>): boolean {
  return file !== undefined || Object.keys(nodeOptions).length > 0
}
