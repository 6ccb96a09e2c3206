import { BlockError } from '../block-error.ts'
import type { Drive } from './drive.ts'
import { alreadyInUse, type DriveSet } from './drive-set.ts'
import type { GuestDeviceModel } from './guest-device.ts'

/** The drives of a PC, in the order of its devices: floppies by their units, IDE drives by channels and units. */
export function pcDrives(drives: DriveSet): { readonly floppies: readonly Drive[]; readonly ide: readonly Drive[] } {
  return { floppies: inOrder(drives, 'floppy'), ide: inOrder(drives, 'ide') }
}

/**
 * Gives the drives of a PC to its devices.
 *
 * @param pathOf - where a drive's device is in the tree of objects
 * @param driven - devices whose drives are said for all of their kind
 * @throws {BlockError} as `Drive.connect()`; kind `busy`, if another device has one of them; kind `invalid`, if a device
 * would have two
 */
export async function connectDrives(
  drives: DriveSet,
  pathOf: (drive: Drive) => string,
  driven: readonly string[] = [],
): Promise<void> {
  const { floppies, ide } = pcDrives(drives)
  for (const drive of [...floppies, ...ide]) {
    if (drive.device !== undefined) throw alreadyInUse(drive)
    const model = modelOf(drive)
    if (driven.includes(model))
      throw new BlockError('invalid', `-global ${model}.drive=... conflicts with drive=${drive.id}`)
    await drive.connect({ model, path: pathOf(drive), place: drive.place })
  }
}

function modelOf({ place, media }: Drive): GuestDeviceModel {
  if (place.interface === 'floppy') return 'floppy'
  return media === 'cdrom' ? 'ide-cd' : 'ide-hd'
}

/** What a PC has besides its drives: each takes a number in the path of what comes after it. */
export interface PcDevices {
  readonly vga: boolean
  readonly serialPorts: number
  readonly parallelPorts: number
  readonly networkCards: number
}

/** Gives drives without a machine the paths that they have on QEMU's `pc`, for tests of what is said of them. */
export function connectPcDrives(drives: DriveSet, pc: PcDevices): Promise<void> {
  const { floppies, ide } = pcDrives(drives)
  const first = 13 + (pc.vga ? 1 : 0) + pc.serialPorts + pc.parallelPorts
  const behind = first + floppies.length + 5 + pc.networkCards
  const numberOf = (drive: Drive): number =>
    floppies.includes(drive) ? first + floppies.indexOf(drive) : behind + ide.indexOf(drive)
  return connectDrives(drives, (drive) => `/machine/unattached/device[${numberOf(drive)}]`)
}

function inOrder(drives: DriveSet, kind: 'floppy' | 'ide'): Drive[] {
  return [...drives]
    .filter((drive) => drive.place.interface === kind)
    .sort((one, other) => one.place.bus - other.place.bus || one.place.unit - other.place.unit)
}
