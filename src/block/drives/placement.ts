import { BlockError } from '../block-error.ts'
import type { DriveConfig, DriveInterface, DriveMedia } from './drive-config.ts'
import type { GuestDeviceModel } from './guest-device.ts'

/** Where a drive is. */
export interface DrivePlace {
  readonly interface: DriveInterface
  readonly bus: number
  readonly unit: number
}

/** Interfaces whose buses take a fixed number of drives; on the others every drive is on bus 0. */
const unitsPerBus: Partial<Record<DriveInterface, number>> = { ide: 2, scsi: 7 }

/** What a PC has places for. */
const pcPlaces: Partial<Record<DriveInterface, { readonly buses: number; readonly units: number }>> = {
  ide: { buses: 2, units: 2 },
  floppy: { buses: 1, units: 2 },
  pflash: { buses: 1, units: 2 },
}

/** Interfaces whose drives have a device each. */
const alone: readonly DriveInterface[] = ['none', 'virtio']

/**
 * Finds the place of a new drive among the others.
 *
 * @throws {BlockError} kind `duplicate`, if the place is taken; `invalid`, if there is no such place
 */
export function placeDrive(
  { interface: kind, position }: Pick<DriveConfig, 'interface' | 'position'>,
  others: Iterable<DrivePlace>,
): DrivePlace {
  const units = unitsPerBus[kind]
  const taken = [...others].filter((other) => other.interface === kind)
  const isTaken = (bus: number, unit: number): boolean =>
    taken.some((other) => other.bus === bus && other.unit === unit)
  let { bus, unit } = position
  const { index } = position
  if (index !== undefined) {
    bus = units === undefined ? 0 : Math.trunc(index / units)
    unit = units === undefined ? index : index % units
  }
  if (unit === undefined) {
    unit = 0
    while (isTaken(bus, unit)) {
      unit++
      if (units !== undefined && unit >= units) {
        unit -= units
        bus++
      }
    }
  }
  if (units !== undefined && unit >= units) {
    throw new BlockError('invalid', `unit ${unit} too big (max is ${units - 1})`, { option: 'unit' })
  }
  if (isTaken(bus, unit)) {
    throw new BlockError('duplicate', `drive with bus=${bus}, unit=${unit} (index=${index ?? -1}) exists`)
  }
  return { interface: kind, bus, unit }
}

/** The names of drives, given or by their places; of those that cannot be placed it does not matter. */
export function namesOfDrives(
  drives: readonly Pick<DriveConfig, 'id' | 'interface' | 'position' | 'media'>[],
): readonly string[] {
  const places: DrivePlace[] = []
  return drives.map((drive) => {
    try {
      const place = placeDrive(drive, places)
      places.push(place)
      return drive.id ?? driveName(place, drive.media)
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      return '' // it is refused when it is made
    }
  })
}

/** What QEMU calls the places of a bus. */
const unitNames = { ide: 'IDE', floppy: 'floppy' } as const

/**
 * Finds the place of a new device among the others.
 *
 * @throws {BlockError} kind `duplicate`, if the place is taken; `invalid`, if there is no such place
 */
export function placeDevice(
  model: GuestDeviceModel,
  wanted: { readonly bus: number | undefined; readonly unit: number | undefined },
  taken: readonly DrivePlace[],
): DrivePlace {
  if (model === 'virtio-blk-pci') return { interface: 'virtio', bus: 0, unit: taken.length }
  if (model === 'cfi.pflash01') return { interface: 'pflash', bus: 0, unit: wanted.unit ?? 0 }
  if (model === 'scsi-hd' || model === 'scsi-cd') return { interface: 'none', bus: 0, unit: taken.length }
  const kind = model === 'floppy' ? 'floppy' : 'ide'
  const { buses, units } = pcPlaces[kind]!
  const on = (bus: number): DrivePlace[] => taken.filter((other) => other.interface === kind && other.bus === bus)
  // QEMU takes the bus that was made last, whether there is room on it or not.
  const bus = wanted.bus ?? buses - 1
  const isTaken = (unit: number): boolean => on(bus).some((other) => other.unit === unit)
  // On a full bus a disk asks for the last unit, a floppy drive for the one after it.
  const last = kind === 'ide' ? units - 1 : units
  let unit = wanted.unit ?? 0
  if (wanted.unit === undefined) while (unit < last && isTaken(unit)) unit++
  const name = unitNames[kind]
  if (unit >= units) {
    throw new BlockError('invalid', `Can't create ${name} unit ${unit}, bus supports only ${units} units`)
  }
  if (isTaken(unit)) {
    throw new BlockError('duplicate', `${name[0]!.toUpperCase()}${name.slice(1)} unit ${unit} is in use`)
  }
  return { interface: kind, bus, unit }
}

/** @throws {BlockError} kind `invalid`, if a PC has no such place */
export function checkPcPlace({ interface: kind, bus, unit }: DrivePlace): void {
  if (alone.includes(kind)) return
  const places = pcPlaces[kind]
  if (places !== undefined && bus >= 0 && bus < places.buses && unit >= 0 && unit < places.units) return
  throw new BlockError('invalid', `machine type does not support if=${kind},bus=${bus},unit=${unit}`)
}

/** The name of a drive that got none: `ide1-cd0`, `floppy0`, `none0`. */
export function driveName({ interface: kind, bus, unit }: DrivePlace, media: DriveMedia): string {
  const word = kind === 'ide' || kind === 'scsi' ? (media === 'cdrom' ? '-cd' : '-hd') : ''
  return unitsPerBus[kind] === undefined ? `${kind}${word}${unit}` : `${kind}${bus}${word}${unit}`
}
