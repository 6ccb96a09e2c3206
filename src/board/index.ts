/**
 * The PC itself: the interface `Board` and its two implementations, `v86` (executes, in a worker) and `none`
 * (never executes). Knows nothing of images, monitors or screens servers: what it needs from outside is in `BoardHost`
 * and `Medium`.
 */
export { type AcpiHeader, acpiHeaderBytes, acpiTable, readAcpiHeader } from './acpi/acpi-table.ts'
export { byte, device, dword, method, name, notify, packageOf, scope, ssdt, string } from './acpi/aml.ts'
export * from './board.ts'
export { BoardError, type BoardErrorKind } from './board-error.ts'
export type {
  BusRam,
  BusTimer,
  BusWindow,
  ByteRegisters,
  DeviceBus,
  InterruptLine,
  MemoryResponder,
  PciDevice,
  PciParts,
  PortHandler,
} from './bus/device-bus.ts'
export { byteRegisters } from './bus/device-bus.ts'
export type {
  BoardDevices,
  BootPlace,
  DevicePlace,
  DevicePort,
  DeviceProperties,
  GuestDevice,
  GuestLink,
  GuestSide,
  GuestSides,
  GuestSurroundings,
  NewDevice,
  PluggedDevice,
} from './bus/guest-device.ts'
export { PlainBus } from './bus/plain-bus.ts'
export { createBoard, runBoardThread } from './create-board.ts'
export { directBoot } from './direct-boot/direct-boot.ts'
export type { DriveConfig, DriveSlot, GuestTrayMove, Medium } from './drive-config.ts'
export { bootLettersComplaint, pcBootDevicesComplaint } from './firmware/boot-devices.ts'
export { type FirmwareSearch, findFirmware, findVgaBios, usualFirmwareFolders } from './firmware/firmware.ts'
export type { FirmwareFile, FirmwareItem } from './firmware/firmware-items.ts'
export type { FlashRange } from './firmware/flash-range.ts'
export { findOptionRom, mostOptionRomBytes, readOptionRom } from './firmware/option-roms.ts'
export { driveTypeFor, type FloppyType } from './floppy-formats.ts'
export type { InterruptControllers, IoApicState, LocalApicState, PicState } from './interrupt-controllers.ts'
export { type MappedPage, mappedPages, translate, type WalkedMemory } from './page-tables.ts'
export type { FunctionShape } from './pci/config-space.ts'
export { usualVgaSlot } from './pci/pc-functions.ts'
export type { Probe, SteppedTime } from './probe.ts'
export { fitsIdentity, usualMonitor } from './screen/edid.ts'
export { noSmbiosSettings, onboardKinds, type SmbiosSettings } from './smbios/smbios-settings.ts'
export { smbiosFiles } from './smbios/smbios-tables.ts'
export { type BoardCopy, copyBoard, forgetCopy, pasteBoard } from './state/board-copy.ts'
export type { RamPages } from './state/ram-pages.ts'
export { isSavedBoard, type Read, restoreBoard, saveBoard, type Write } from './state/save-board.ts'
export { dvdStructure, rawTableOfContents, tableOfContents } from './v86/devices/ide/disc-information.ts'
