import type { Drive, DriveSet, GuestDeviceModel } from '../block/index.ts'
import { type BoardConfig, type DriveSlot, findFirmware, findVgaBios } from '../board/index.ts'
import type { PlannedDevice } from '../devices/index.ts'
import type { Logger } from '../log/index.ts'
import type { MachineConfig } from './config.ts'
import { readFirmwareFiles, uuidBytes } from './firmware-files.ts'
import { type FlashChip, hasFlash, lowFirmware } from './flash-chips.ts'
import { readKernel } from './kernel-image.ts'

/** A board that never executes needs none. */
const noFirmware: BoardConfig['firmware'] = { bios: new Uint8Array(0), vgaBios: undefined }

export type BoardFiles = Pick<BoardConfig, 'firmware' | 'kernel' | 'firmwareFiles'>

/**
 * Reads firmware, kernel, and the files that are for them.
 *
 * @throws {ConfigError} if a file of the firmware's own cannot be read
 * @throws {BoardError} kind `configuration`, if another file cannot be read or is not what it should be
 */
export async function readBoardFiles(config: MachineConfig, log: Logger): Promise<BoardFiles> {
  const { kernel, ramBytes } = config
  return {
    firmware: firmwareOf(config, log),
    firmwareFiles: await readFirmwareFiles(config),
    ...(kernel !== undefined && { kernel: await readKernel(kernel, ramBytes) }),
  }
}

/** Who has firmware in flash needs no BIOS; it is not even looked for. */
function firmwareOf(config: MachineConfig, log: Logger): BoardConfig['firmware'] {
  const { accel, firmware } = config
  if (hasFlash(config)) return { ...noFirmware, vgaBios: findVgaBios(firmware.folders, log) }
  return accel === 'none' && firmware.bios === undefined ? noFirmware : findFirmware(firmware, log)
}

/** The files of a board, with what its flash shows of the firmware below 1 MiB. @throws {BlockError} if that cannot be read */
export async function withFlash(files: BoardFiles, chips: readonly FlashChip[]): Promise<BoardFiles> {
  const bios = await lowFirmware(chips)
  return bios === undefined ? files : { ...files, firmware: { ...files.firmware, bios } }
}

/** What the board is to be. */
export function boardConfigOf(
  config: MachineConfig,
  {
    files,
    flash,
    drives,
    devices,
    log,
  }: {
    readonly files: BoardFiles
    readonly flash: readonly FlashChip[]
    readonly drives: DriveSet
    readonly devices: NonNullable<BoardConfig['devices']>
    readonly log: Logger
  },
): BoardConfig {
  const { ramBytes, boot, vga, videoCard, vmport, acpi, rtcBase, rtcStops } = config
  const uuid = uuidBytes(config)
  const slots = [...drives].flatMap((drive) => driveConfigOf(drive) ?? [])
  return {
    ramBytes,
    ...files,
    flash: flash.map(({ name, address, bytes }) => ({ name, address, bytes })),
    acpiTables: config.acpiTables.map((table) => Uint8Array.from(table)),
    bootOrder: boot.order,
    ...(boot.once !== undefined && { bootOnce: boot.once }),
    bootsAnyFloppy: boot.anyFloppy,
    ...(boot.rebootTimeoutMs !== undefined && { bootFailWaitMs: boot.rebootTimeoutMs }),
    bootMenu: { enabled: boot.menu, ...(boot.splashTimeMs !== undefined && { timeoutMs: boot.splashTimeMs }) },
    drives: slots,
    serialPorts: serialLines(config).findLastIndex((label) => label !== undefined) + 1,
    parallelPort: [...config.parallel, ...config.devices].some(isFirstParallelPort),
    absentSerialPorts: [0, 1, 2, 3].filter((index) => serialLines(config)[index] === undefined),
    vga,
    ...(videoCard !== undefined && { videoCard }),
    serialConsole: config.serialConsole,
    vmport,
    acpi,
    ...(rtcBase !== undefined && { rtcBase }),
    rtcStops,
    ...(config.rtcSteps === true && { rtcSteps: true }),
    ...(config.accel === 'qtest' && { stepped: true }),
    ...(uuid !== undefined && { uuid }),
    devices,
    logFirmware: log.enabled('firmware'),
  }
}

function isFirstParallelPort({ model, properties }: PlannedDevice): boolean {
  return model === 'isa-parallel' && properties['iobase'] === 0x378
}

/** Labels of the character devices of COM1 to COM4, empty for a port that nothing is behind; undefined where none is. */
export function serialLines({ serial, serialDevices }: MachineConfig): readonly (string | undefined)[] {
  const lines = [...serial]
  for (const { port, chardev } of serialDevices) lines[port] = chardev
  return lines
}

function driveConfigOf(drive: Drive): BoardConfig['drives'][number] | undefined {
  const slot = slotOf(drive)
  const { device, medium } = drive
  if (slot === undefined || device === undefined || !isOfBoard(device.model)) return undefined
  const { model, bootIndex, identity } = device
  return { slot, kind: driveKinds[model], medium, ...identity, ...(bootIndex !== undefined && { bootIndex }) }
}

function isOfBoard(model: GuestDeviceModel): model is keyof typeof driveKinds {
  return Object.hasOwn(driveKinds, model)
}

const driveKinds = { 'ide-hd': 'disk', 'ide-cd': 'cdrom', floppy: 'floppy' } as const

/** Where on the board a drive is; undefined for one that the guest does not have. */
export function slotOf({ device }: Drive): DriveSlot | undefined {
  if (device === undefined) return undefined
  const { interface: bus, bus: channel, unit } = device.place
  if (bus === 'floppy' && isBit(unit)) return { bus: 'floppy', unit }
  if (bus === 'ide' && isBit(channel) && isBit(unit)) return { bus: 'ide', channel, unit }
  return undefined
}

const isBit = (value: number): value is 0 | 1 => value === 0 || value === 1
