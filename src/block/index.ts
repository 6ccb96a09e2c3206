/**
 * Images and drives: a graph of named nodes (protocols reach storage, formats give it structure), and drives, which are
 * what a guest and the commands see of it. Errors are BlockErrors, in QEMU's words where QEMU has some. Knows nothing of
 * boards, monitors and machines: whoever plays the guest reads and writes a drive's `medium`.
 */

export {
  type BitmapInfo,
  changing as bitmapChanging,
  checkBitmapName,
  type DirtyBitmap,
  defaultGranularity,
  type NodeBitmaps,
  using as bitmapUsing,
} from './bitmaps/index.ts'
export { BlockError, type BlockErrorContext, type BlockErrorKind, textOfBlockError } from './block-error.ts'
export { reasonOf } from './block-reason.ts'
export { type CopyPlan, ImageCopy, newReadsAsZeroes } from './copy/image-copy.ts'
export { type KeepOptions, keepContents } from './copy/keep-contents.ts'
export { RateLimit } from './copy/rate-limit.ts'
export { WriteTarget } from './copy/write-target.ts'
export { amendNode } from './create/amend-node.ts'
export { type CreateImageOptions, createImage } from './create/create-image.ts'
export { type MeasureOptions, measureImage } from './create/measure-image.ts'
export { lengthen, type Preallocation, preallocations } from './create/preallocation.ts'
export { resizeImage } from './create/resize-image.ts'
export {
  type CheckDiskOptions,
  type CopyDiskOptions,
  createDisk,
  Disk,
  type OpenDiskOptions,
  openDisk,
  type RebaseOptions,
  type WorkOptions,
} from './disk.ts'
export type { BitmapStep } from './drives/bitmap-change.ts'
export { BitmapControl } from './drives/bitmap-control.ts'
export { type BlockDeviceInfo, type BlockInfo, blockInfo, namedNodes } from './drives/block-info.ts'
export { allNodeStats, type BlockStats, driveStats } from './drives/block-stats.ts'
export {
  type AmendOptions,
  accessToDrive,
  accessToNode,
  type DirectAccess,
  type NodeAccess,
} from './drives/direct-access.ts'
export { Drive } from './drives/drive.ts'
export type {
  DriveConfig,
  DriveInterface,
  DriveMedia,
  DrivePosition,
  ReadErrorPolicy,
  WriteErrorPolicy,
} from './drives/drive-config.ts'
export type { DriveDeviceConfig } from './drives/drive-device-config.ts'
export { type DriveShorthand, driveFromOptions, shorthandDrive } from './drives/drive-options.ts'
export { type DefaultDrive, DriveSet, type DriveSetOptions, type DriveTarget } from './drives/drive-set.ts'
export { DriveTuning, type ImageTarget } from './drives/drive-tuning.ts'
export { blockEvents } from './drives/events.ts'
export type { OverlayFile, OverlayNode } from './drives/external-snapshot.ts'
export { GraphControl, type TransactionStep } from './drives/graph-control.ts'
export type { DeviceIdentity, DevicePolicies, GuestDevice, GuestDeviceModel } from './drives/guest-device.ts'
export { GuestMedium } from './drives/guest-medium.ts'
export type { GuestPort } from './drives/guest-port.ts'
export { MediaControl, type NewMedium, type ReadOnlyMode } from './drives/media-control.ts'
export { type BitmapName, findBitmap } from './drives/named-bitmaps.ts'
export { connectDrives, connectPcDrives, type PcDevices, pcDrives } from './drives/pc-drives.ts'
export { type DrivePlace, namesOfDrives } from './drives/placement.ts'
export { Reopening } from './drives/reopening.ts'
export { SnapshotImages, type SnapshotOverview, SnapshotSet } from './drives/snapshot-set.ts'
export type { DriveStatistics, OperationCounts } from './drives/statistics.ts'
export { isThrowaway, useThrowaway } from './drives/throwaway-files.ts'
export { throwawayOverlay } from './drives/throwaway-overlay.ts'
export { moveTray, type TrayMove, type TrayState } from './drives/tray.ts'
export { type FilesNamed, filesNamedByQcow2, type NamedBacking } from './files-named.ts'
export { copyErrorPolicies } from './filters/copy-before-write/copy-before-write-driver.ts'
export { formats as imageFormats } from './formats/table.ts'
export type { Access, Permission } from './graph/access.ts'
export type { Attachment } from './graph/attachment.ts'
export { type ChainStatus, chainStatus } from './graph/chain-status.ts'
export { copyDown } from './graph/copy-down.ts'
export { debugEvents } from './graph/debug-events.ts'
export { emptyEntry, imageMap, type MapEntry, type MapRange } from './graph/image-map.ts'
export type { BlockNode, NodeUser } from './graph/node.ts'
export { NodeGraph, type NodeGraphOptions } from './graph/node-graph.ts'
export {
  type ImageInfo,
  imageInfo,
  type NodeInfo,
  nodeInfo,
  type SnapshotInfo,
  snapshotInfo,
} from './graph/node-info.ts'
export { type BitmapMode, bitmapModes } from './jobs/backup-job.ts'
export type { BackupOptions, BackupToFile, BackupToNode } from './jobs/backup-start.ts'
export type { NewImage, NodeReference } from './jobs/create-job.ts'
export { JobStatusName, type JobType, JobTypeName, jobEvents } from './jobs/events.ts'
export { Job, type JobProgress } from './jobs/job.ts'
export { JobControl } from './jobs/job-control.ts'
export { type ErrorPolicy, errorPolicies } from './jobs/job-failure.ts'
export { type BlockJobInfo, type JobInfo, JobSet } from './jobs/job-set.ts'
export type { JobStatus } from './jobs/job-states.ts'
export { startMachineJob } from './jobs/machine-job.ts'
export { largestLength } from './largest-length.ts'
export { ArrivingImage, arrivingImages } from './moving/arriving-image.ts'
export { LeavingImage, leavingImages } from './moving/leaving-image.ts'
export { ArrivingNode, leavingBitmaps } from './moving/moving-bitmaps.ts'
export { blockdevDrivers, checkDriverWord } from './open/blockdev-drivers.ts'
export { combinePath } from './open/combine-path.ts'
export type { Measurement } from './open/create-request.ts'
export type {
  BlockStatus,
  Breakpoints,
  CacheMode,
  CheckOptions,
  CheckResult,
  ChildRole,
  Damage,
  Driver,
  DriverLimits,
  ImageDetails,
  NamedChild,
  NewSnapshot,
  Repair,
  RequestOptions,
  Snapshot,
  Snapshots,
  VmState,
  WriteOptions,
  ZeroesOptions,
} from './open/driver.ts'
export { driverNames } from './open/driver-names.ts'
export { flattenOptions } from './open/json-filename.ts'
export type { ImageSource } from './open/open-image.ts'
export { OptionBag, type OptionValue, type OptionValues } from './open/option-bag.ts'
export { type ReadSecret, readSecret, readSecrets, type SecretConfig, secretFrom } from './open/secrets.ts'
export { storageName } from './open/storage-name.ts'
export { supportedDrivers } from './open/supported-drivers.ts'
export { MemoryDriver } from './protocols/memory/memory-driver.ts'
export { type FoundExport, listExports } from './protocols/nbd/list-exports.ts'
export { imageText, specificLines } from './texts/image-text.ts'
export { sizeText } from './texts/size-text.ts'
export { snapshotTable } from './texts/snapshot-table.ts'
export {
  limitsOfGroup,
  namedLimits,
  type ThrottleGroupConfig,
  ThrottleGroupProperties,
  ThrottleLimitsOptions,
  throttleGroupFrom,
} from './throttling/throttle-group-object.ts'
export { ThrottleGroups } from './throttling/throttle-groups.ts'
export type { ThrottleLimit, ThrottleLimits } from './throttling/throttle-limits.ts'
export { isZero, type Stretch, zeroStretches } from './zeroes.ts'
