/**
 * Disk images without a machine: made, opened, read, written, checked, copied. What is in them is the block layer's
 * business; this is as much of it as programs get.
 */
export {
  BlockError,
  type BlockErrorContext,
  type BlockErrorKind,
  type BlockStatus,
  type CheckDiskOptions,
  type CheckResult,
  type CopyDiskOptions,
  type CreateImageOptions,
  createDisk,
  Disk,
  type ImageDetails,
  type ImageInfo,
  type MapEntry,
  type MapRange,
  type OpenDiskOptions,
  openDisk,
  type RebaseOptions,
  type RequestOptions,
  type Snapshots,
  type WorkOptions,
  type ZeroesOptions,
} from '../block/index.ts'
