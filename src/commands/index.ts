/**
 * The table of commands and events. Each family is a file; a handler translates words into one call on a part.
 * Knows parts by the interfaces that its families name; knows neither monitors nor the machine.
 */
export { BlockExportOptions, exportOf, NbdServerOptions } from './block-exports.ts'
export { BlockdevChangeReadOnlyMode } from './block-media.ts'
export { BlockdevOptions } from './blockdev-options.ts'
export type { OptionParameter } from './management.ts'
export { MigrateSetParameters, MigrationCapability } from './migration-types.ts'
export { Netdev } from './netdev-options.ts'
export { decodeNetdev, netdevFromItems } from './netdev-text.ts'
export { ImageFormat } from './screen.ts'
export { socketAddressOf } from './socket-address.ts'
export { type StorageParts, storageCommands, storageEvents } from './storage-table.ts'
export {
  type Arguments,
  type CommandName,
  type Commands,
  commands,
  type Events,
  events,
  families,
  type MachineParts,
  type Returned,
} from './table.ts'
export { DisplayProtocol, SetPasswordAction } from './vnc.ts'
export type { YankInstance } from './yank.ts'
