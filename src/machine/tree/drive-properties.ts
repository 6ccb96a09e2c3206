import type { Drive } from '../../block/index.ts'
import { driveTypeFor } from '../../board/index.ts'

const sectorBytes = 512
const headsOfDisk = 16
const sectorsOfTrack = 63
const mostCylinders = 16383
/** Disks larger than this are addressed by translation in the BIOS. */
const mostUntranslated = 1024

/** What the device of a drive says of itself; what can change is read when it is asked for. */
export function driveProperties(drive: Drive): Readonly<Record<string, unknown>> {
  const { device } = drive
  const place = device?.place ?? drive.place
  const own = { drive: () => nameOfDrive(drive), unit: place.unit, ...blockSizes }
  if (place.interface === 'floppy') return { ...own, 'drive-type': floppyType(drive) }
  const serial = device?.identity?.serial ?? defaultSerial(place)
  const model = device?.identity?.model ?? ''
  const ide = {
    ...own,
    serial,
    model,
    ver: '2.5+',
    discard_granularity: sectorBytes,
    bootindex: device?.bootIndex ?? -1,
  }
  return drive.media === 'cdrom' ? ide : { ...ide, ...geometryOf(drive) }
}

/** What a device calls its drive: by its name, or that of its node. */
export function nameOfDrive({ id, node }: Drive): string {
  return id || (node?.name ?? '')
}

const blockSizes = { logical_block_size: sectorBytes, physical_block_size: sectorBytes }

function defaultSerial({ bus, unit }: Drive['place']): string {
  return `QM${String(bus * 2 + unit + 1).padStart(5, '0')}`
}

/** What disks say that nobody has told their geometry. */
function geometryOf({ medium }: Drive): Readonly<Record<string, unknown>> {
  const sectors = Math.floor((medium?.byteLength ?? 0) / sectorBytes)
  const cylinders = Math.floor(sectors / (headsOfDisk * sectorsOfTrack))
  return {
    cyls: Math.min(Math.max(cylinders, 2), mostCylinders),
    heads: headsOfDisk,
    secs: sectorsOfTrack,
    'bios-chs-trans': cylinders <= mostUntranslated ? 'none' : 'lba',
  }
}

/** What was said, or what the first medium wants: it stays so. */
function floppyType({ device, medium }: Drive): string {
  return device?.identity?.floppyType ?? driveTypeFor(medium && Math.floor(medium.byteLength / sectorBytes))
}
