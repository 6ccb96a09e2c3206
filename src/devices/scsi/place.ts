import type { DeviceProperties } from '../../board/index.ts'
import { OptionError } from '../../keyval/index.ts'
import type { BusNeighbours } from '../model.ts'
import { type PropertyType, type PropertyValue, unsigned } from '../properties.ts'

/** Nobody has said which one. */
const anyone = 0xffff_ffff
const most = { target: 255, lun: 16383 } as const

/** Where a device is on its bus. */
export const placeProperties: Readonly<Record<string, PropertyType>> = {
  'scsi-id': unsigned(32, anyone),
  lun: unsigned(32, anyone),
  channel: unsigned(32, 0),
}

/**
 * A place on a SCSI bus: the one that was asked for, or the first that is free.
 *
 * @throws {OptionError} in QEMU's words, if there is none
 */
export function findScsiPlace(
  said: Readonly<Record<string, PropertyValue>>,
  { devices }: BusNeighbours,
): Readonly<Record<string, PropertyValue>> {
  const [channel, target, lun] = [Number(said['channel'] ?? 0), numberOf(said['scsi-id']), numberOf(said['lun'])]
  if (channel !== 0) throw new OptionError(`bad scsi channel id: ${channel}`)
  if (target !== undefined && target > most.target) throw new OptionError(`bad scsi device id: ${target}`)
  if (lun !== undefined && lun > most.lun) throw new OptionError(`bad scsi device lun: ${lun}`)
  const userOf = (id: number, unit: number) =>
    devices.find(({ properties }) => properties['scsi-id'] === id && properties['lun'] === unit)
  if (target !== undefined && lun !== undefined) {
    const user = userOf(target, lun)
    if (user !== undefined) throw new OptionError(`lun already used by '${user.id ?? '(null)'}'`)
    return { 'scsi-id': target, lun }
  }
  if (target !== undefined) {
    let free = 0
    while (free <= most.lun && userOf(target, free) !== undefined) free++
    if (free > most.lun) throw new OptionError('no free lun')
    return { 'scsi-id': target, lun: free }
  }
  const unit = lun ?? 0
  let free = 0
  while (free <= most.target && userOf(free, unit) !== undefined) free++
  if (free > most.target) throw new OptionError('no free target')
  return { 'scsi-id': free, lun: unit }
}

/** What a unit is to the firmware that boots from it. */
export function scsiBootUnit({ channel, 'scsi-id': target, lun }: DeviceProperties): string {
  return `/channel@${hex(channel)}/disk@${hex(target)},${hex(lun)}`
}

function hex(value: PropertyValue | undefined): string {
  return Number(value ?? 0).toString(16)
}

function numberOf(said: PropertyValue | undefined): number | undefined {
  return said === undefined || said === anyone ? undefined : Number(said)
}
