import type { Drive, DriveSet } from '../block/index.ts'
import { type BoardConfig, type DriveSlot, findFirmware } from '../board/index.ts'
import type { Logger } from '../log/index.ts'
import type { MachineConfig } from './config.ts'
import { readKernel } from './kernel-image.ts'

/** A board that never executes needs none. */
const noFirmware: BoardConfig['firmware'] = { bios: new Uint8Array(0), vgaBios: undefined }

export type BoardFiles = Pick<BoardConfig, 'firmware' | 'kernel'>

/**
 * Reads firmware and kernel.
 *
 * @throws {BoardError} kind `configuration`, if a file cannot be read or is not what it should be
 */
export async function readBoardFiles({ accel, firmware, kernel }: MachineConfig, log: Logger): Promise<BoardFiles> {
  return {
    firmware: accel === 'none' && firmware.bios === undefined ? noFirmware : findFirmware(firmware, log),
    ...(kernel !== undefined && { kernel: await readKernel(kernel) }),
  }
}

/** What the board is to be. */
export function boardConfigOf(config: MachineConfig, files: BoardFiles, drives: DriveSet, log: Logger): BoardConfig {
  const { ramBytes, boot, vga, vmport, rtcBase, rtcStops, devices } = config
  const slots = [...drives].flatMap((drive) => driveConfigOf(drive) ?? [])
  return {
    ramBytes,
    ...files,
    bootOrder: boot.order,
    ...(boot.once !== undefined && { bootOnce: boot.once }),
    bootMenu: { enabled: boot.menu, ...(boot.splashTimeMs !== undefined && { timeoutMs: boot.splashTimeMs }) },
    drives: slots,
    serialPorts: config.serial.findLastIndex((label) => label !== undefined) + 1,
    vga,
    vmport,
    ...(rtcBase !== undefined && { rtcBase }),
    rtcStops,
    devices,
    logFirmware: log.enabled('firmware'),
  }
}

function driveConfigOf(drive: Drive): BoardConfig['drives'][number] | undefined {
  const slot = slotOf(drive)
  const { device, medium } = drive
  if (slot === undefined || device === undefined) return undefined
  const { model, bootIndex, identity } = device
  return { slot, kind: driveKinds[model], medium, ...identity, ...(bootIndex !== undefined && { bootIndex }) }
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
