import { onOff, type PropertyType, size, text, unsigned, word } from './properties.ts'

const onOffAuto = word('OnOffAuto', ['on', 'off', 'auto'], { description: 'on/off/auto', byDefault: 'auto' })
const blockSize = size(0, 'A power of two between 512 B and 2 MiB')

/** What a device reports or ignores when its disk fails. */
export const onError = word('BlockdevOnError', ['report', 'ignore', 'enospc', 'stop', 'auto'], {
  description: 'Error handling policy, report/ignore/enospc/stop/auto',
  byDefault: 'auto',
})

/** The kind of a floppy drive. */
export const fdcDriveType = (byDefault: string): PropertyType =>
  word('FdcDriveType', ['144', '288', '120', 'none', 'auto'], {
    description: 'FDC drive type, 144/288/120/none/auto',
    byDefault,
  })

/** What all devices have that have a drive. */
export const driveProperties: Readonly<Record<string, PropertyType>> = {
  'account-failed': onOffAuto,
  'account-invalid': onOffAuto,
  backend_defaults: onOffAuto,
  discard_granularity: size(0xffff_ffff),
  drive: text('Node name or ID of a block device to use as a backend'),
  logical_block_size: blockSize,
  min_io_size: size(0),
  opt_io_size: size(0),
  physical_block_size: blockSize,
  'share-rw': onOff(false),
  'write-cache': onOffAuto,
}

/** What all devices have that say how a disk is divided. */
export const geometryProperties: Readonly<Record<string, PropertyType>> = {
  cyls: unsigned(32, 0),
  heads: unsigned(32, 0),
  lcyls: unsigned(32, 0),
  lheads: unsigned(32, 0),
  lsecs: unsigned(32, 0),
  secs: unsigned(32, 0),
}

/** What of them can only be as it is by default. */
export const fixedDriveProperties = ['backend_defaults'] as const

/** What this board takes of them; the rest can only be what it is. */
export const usableDriveProperties = ['account-failed', 'account-invalid', 'drive', 'share-rw', 'write-cache'] as const
