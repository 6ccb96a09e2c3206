import { OptionError } from '../keyval/index.ts'
import { onOff, type PropertyType, type PropertyValue, size, size32, text, unsigned, word } from './properties.ts'

const sectorBytes = 512

const onOffAuto = word('OnOffAuto', ['on', 'off', 'auto'], { description: 'on/off/auto', byDefault: 'auto' })
const anySize = size(0, 'A power of two between 512 B and 2 MiB')
const mostBlockBytes = 2 ** 21

/** How large a block of a disk is; 0 for as large as is usual. */
const blockSize: PropertyType = {
  ...anySize,
  read: (property, value, owner, id = '') => {
    const bytes = Number(anySize.read(property, value, owner, id))
    if (bytes === 0) return bytes
    const said = `Property ${id}.${property} doesn't take value`
    if (bytes < sectorBytes || bytes > mostBlockBytes)
      throw new OptionError(`${said} ${bytes} (minimum: ${sectorBytes}, maximum: ${mostBlockBytes})`)
    if (!Number.isInteger(Math.log2(bytes))) throw new OptionError(`${said} '${bytes}', it's not a power of 2`)
    return bytes
  },
}

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
  discard_granularity: size32(0xffff_ffff),
  drive: text('Node name or ID of a block device to use as a backend'),
  logical_block_size: blockSize,
  min_io_size: size32(0),
  opt_io_size: size32(0),
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

/**
 * Looks whether sizes of blocks go together.
 *
 * @param said - 0 stands for what is usual
 * @throws {OptionError} in QEMU's words, in its order
 */
export function checkBlockSizes(said: Readonly<Record<string, PropertyValue>>): void {
  const logical = Number(said['logical_block_size']) || sectorBytes
  const physical = Number(said['physical_block_size']) || sectorBytes
  if (logical > physical) throw new OptionError('logical_block_size > physical_block_size not supported')
  for (const name of ['min_io_size', 'opt_io_size', 'discard_granularity']) {
    const bytes = Number(said[name] ?? 0)
    if (bytes % logical !== 0 && bytes !== 0xffff_ffff)
      throw new OptionError(`${name} must be a multiple of logical_block_size`)
  }
}

/**
 * Looks whether a disk can be divided as is said, if anything is.
 *
 * @throws {OptionError} in QEMU's words
 */
export function checkGeometry(said: Readonly<Record<string, PropertyValue>>): void {
  const limits = { cyls: 65535, heads: 255, secs: 255 } as const
  if (Object.keys(limits).every((name) => Number(said[name] ?? 0) === 0)) return
  for (const [name, most] of Object.entries(limits)) {
    const value = Number(said[name] ?? 0)
    if (value < 1 || value > most) throw new OptionError(`${name} must be between 1 and ${most}`)
  }
}
