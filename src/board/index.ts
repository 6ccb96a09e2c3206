/**
 * The PC itself: the interface `Board` and its two implementations, `v86` (executes, in a worker) and `none`
 * (never executes). Knows nothing of images, monitors or screens servers: what it needs from outside is in `BoardHost`
 * and `Medium`.
 */
export * from './board.ts'
export { BoardError, type BoardErrorKind } from './board-error.ts'
export { createBoard } from './create-board.ts'
export { type BoardDevice, type DeviceModel, type DeviceProperty, deviceModels } from './device-models.ts'
export { type FirmwareSearch, findFirmware, usualFirmwareFolders } from './firmware.ts'
export type { RamPages } from './ram-pages.ts'
export { type Read, restoreBoard, saveBoard, type Write } from './save-board.ts'
