/**
 * Migration: a machine goes to another process, or into a file, and comes from one; RAM in passes while the guest runs.
 * Snapshots: it stays inside its own images, and goes back to where it was.
 * Owns the stream (docs/formats/migration-stream.md), the ways that it goes, parameters, capabilities and statistics.
 * Knows board, run control and images only as what it asks of them.
 */
export type { BitmapMapping } from './bitmap-mapping.ts'
export { type CapabilityName, capabilityNames } from './capabilities.ts'
export type { TakeDescriptor } from './channels/open-channel.ts'
export { DeviceState, type HaltedGuest } from './device-state.ts'
export {
  DirtyRate,
  type DirtyRateInfo,
  type DirtyRateMode,
  dirtyRateModes,
  dirtyRateStatuses,
} from './dirty-rate.ts'
export { MigrationStatusName, migrationEvents } from './events.ts'
export { MigrationControl, type MigrationReport } from './migration-control.ts'
export { MigrationError, type MigrationErrorKind } from './migration-error.ts'
export type { MigrationParameters, ParameterName } from './parameters.ts'
export { MachineSnapshots, type SnapshotImages } from './snapshots/machine-snapshots.ts'
export type { MigrationStatistics } from './statistics.ts'
export { isOnItsWay, type MigrationStatus } from './status.ts'
export { pageBytes } from './stream/ram-section.ts'
export type {
  MigratedBitmaps,
  MigratedBoard,
  MigratedDisks,
  MigratedGuest,
  MigrationSurroundings,
  SnapshotBoard,
} from './surroundings.ts'
