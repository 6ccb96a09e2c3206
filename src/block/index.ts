/**
 * Images and drives: a graph of named nodes (protocols reach storage, formats give it structure), and drives, which are
 * what a guest and the commands see of it. Errors are BlockErrors, in QEMU's words where QEMU has some. Knows nothing of
 * boards, monitors and machines: whoever plays the guest reads and writes a drive's `medium`.
 */
export type { Access, Permission } from './access.ts'
export type { Attachment } from './attachment.ts'
export { BlockError, type BlockErrorContext, type BlockErrorKind } from './block-error.ts'
export { type ChainStatus, chainStatus } from './chain-status.ts'
export { combinePath } from './combine-path.ts'
export { type CreateImageOptions, createImage } from './create-image.ts'
export { debugEvents } from './debug-events.ts'
export { createDisk, Disk, type OpenDiskOptions, openDisk } from './disk.ts'
export type {
  BlockStatus,
  CacheMode,
  CheckOptions,
  CheckResult,
  ChildRole,
  Damage,
  Driver,
  DriverLimits,
  ImageDetails,
  Measurement,
  NamedChild,
  NewSnapshot,
  Repair,
  RequestOptions,
  Snapshot,
  Snapshots,
  WriteOptions,
  ZeroesOptions,
} from './driver.ts'
export { type BlockDeviceInfo, type BlockInfo, blockInfo, namedNodes } from './drives/block-info.ts'
export { allNodeStats, type BlockStats, driveStats } from './drives/block-stats.ts'
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
export { connectPcDrives, type PcDevices } from './drives/pc-drives.ts'
export type { DrivePlace } from './drives/placement.ts'
export type { DriveStatistics, OperationCounts } from './drives/statistics.ts'
export { moveTray, type TrayMove, type TrayState } from './drives/tray.ts'
export { formats as imageFormats } from './formats/table.ts'
export { flattenOptions } from './json-filename.ts'
export { type MeasureOptions, measureImage } from './measure-image.ts'
export type { BlockNode, NodeUser } from './node.ts'
export { NodeGraph, type NodeGraphOptions } from './node-graph.ts'
export { type ImageInfo, imageInfo, type NodeInfo, nodeInfo, type SnapshotInfo } from './node-info.ts'
export type { ImageSource } from './open-image.ts'
export type { OptionValue, OptionValues } from './option-bag.ts'
export { MemoryDriver } from './protocols/memory/memory-driver.ts'
export { readSecrets, type SecretConfig, secretFrom } from './secrets.ts'
export { limitsOfGroup, type ThrottleGroupConfig, throttleGroupFrom } from './throttling/throttle-group-object.ts'
export type { ThrottleLimit, ThrottleLimits } from './throttling/throttle-limits.ts'
export { isZero, type Stretch, writeZeroBytes, zeroStretches } from './zeroes.ts'
