/**
 * Images for others, over NBD: exports, and the server that lets clients in to them. Errors are in QEMU's words. Knows
 * nothing of monitors and machines.
 */
export {
  BlockExports,
  type BlockExportsOptions,
  type DriveExportConfig,
  type ExportConfig,
  type ExportInfo,
  type RemoveMode,
  type ServerConfig,
} from './block-exports.ts'
export { exportEvents } from './events.ts'
export { bitmapOfImage } from './exported-bitmaps.ts'
export type { ExportDirectory } from './haggling.ts'
export type { Secure } from './nbd-connection.ts'
export { NbdExport, type NbdExportOptions } from './nbd-export.ts'
export { NbdServer, type NbdServerOptions } from './nbd-server.ts'
