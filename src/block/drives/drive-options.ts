import { checkIdentifier } from '../../keyval/index.ts'
import { BlockError } from '../block-error.ts'
import { parseDetectZeroes } from '../open/detect-zeroes.ts'
import { checkNativeAio } from '../open/native-aio-rule.ts'
import { inBlockErrors, OptionBag } from '../open/option-bag.ts'
import { limitsAnything, takeThrottleLimits } from '../throttling/throttle-limits.ts'
import { takeAccounting } from './accounting.ts'
import {
  type DriveConfig,
  type DriveInterface,
  type DriveMedia,
  type DrivePosition,
  hasImage,
  type ReadErrorPolicy,
  type WriteErrorPolicy,
} from './drive-config.ts'

const interfaces = new Set<string>(['none', 'ide', 'scsi', 'floppy', 'pflash', 'mtd', 'sd', 'virtio', 'xen'])
const interfacesWithErrorPolicy = new Set<DriveInterface>(['ide', 'scsi', 'virtio', 'none'])

/** `cache=` in one word, and the options that it stands for. */
const cacheModes: Readonly<Record<string, Readonly<Record<string, 'on' | 'off'>>>> = {
  none: { 'cache.writeback': 'on', 'cache.direct': 'on', 'cache.no-flush': 'off' },
  off: { 'cache.writeback': 'on', 'cache.direct': 'on', 'cache.no-flush': 'off' },
  directsync: { 'cache.writeback': 'off', 'cache.direct': 'on', 'cache.no-flush': 'off' },
  writeback: { 'cache.writeback': 'on', 'cache.direct': 'off', 'cache.no-flush': 'off' },
  unsafe: { 'cache.writeback': 'on', 'cache.direct': 'off', 'cache.no-flush': 'on' },
  writethrough: { 'cache.writeback': 'off', 'cache.direct': 'off', 'cache.no-flush': 'off' },
}

/** The options of throttling, with their spelling before `throttling.` was invented. */
const throttlingAliases: Readonly<Record<string, string>> = {
  iops: 'iops-total',
  iops_rd: 'iops-read',
  iops_wr: 'iops-write',
  bps: 'bps-total',
  bps_rd: 'bps-read',
  bps_wr: 'bps-write',
  iops_max: 'iops-total-max',
  iops_rd_max: 'iops-read-max',
  iops_wr_max: 'iops-write-max',
  bps_max: 'bps-total-max',
  bps_rd_max: 'bps-read-max',
  bps_wr_max: 'bps-write-max',
  iops_size: 'iops-size',
  group: 'group',
}

/**
 * Understands the options of `-drive` (or of a shorthand, see `shorthandDrive()`), without opening anything.
 *
 * What `-drive` itself does not know goes to the image's node, and is refused there if nobody knows it.
 *
 * @param reading.interface - where it is, unless the options say so
 * @param reading.warn - hears of what is asked for and not done
 * @throws {BlockError} kinds `invalid` and `unsupported`, in QEMU's words and order
 */
export function driveFromOptions(
  values: Readonly<Record<string, string>>,
  reading: { readonly interface?: DriveInterface; readonly warn?: (text: string) => void } = {},
): DriveConfig {
  const options = new OptionBag(values)
  rename(options, 'readonly', 'read-only')
  spellOutCache(options)
  const position = takePosition(options)
  const media = takeMedia(options)
  // A CD is read-only whatever the user says.
  const readOnly = (options.takeBoolean('read-only') ?? false) || media === 'cdrom'
  const copies = options.takeBoolean('copy-on-read') ?? false
  if (copies && readOnly) reading.warn?.('disabling copy-on-read on read-only drive')
  const drive = takeInterface(options) ?? reading.interface ?? 'ide'
  if (position.index !== undefined && (position.bus !== 0 || position.unit !== undefined)) {
    throw new BlockError('invalid', 'index cannot be used with bus and unit', { option: 'index' })
  }
  const file = options.takeString('file') || undefined
  const werror = takeErrorPolicyWord(options, 'werror', drive)
  const rerror = takeErrorPolicyWord(options, 'rerror', drive)
  const id = takeId(options)
  takeAio(options)
  const writeback = options.takeBoolean('cache.writeback') ?? true
  // As with QEMU, a drive may unmap zeroes that its image does not discard.
  const detectZeroes = parseDetectZeroes(options.takeString('detect-zeroes'), { discard: true })
  takeFormat(options)
  const onWriteError = parseWriteError(werror)
  const onReadError = parseReadError(rerror)
  const throttle = takeThrottle(options)
  const accounting = takeAccounting(options)
  const snapshot = options.takeBoolean('snapshot') ?? false
  const nodeOptions = options.takeAll()
  return {
    id,
    interface: drive,
    position,
    media,
    file,
    nodeOptions,
    readOnly,
    snapshot: snapshot && hasImage({ file, nodeOptions }),
    detectZeroes,
    copyOnRead: copies && !readOnly,
    writeback,
    accounting,
    onReadError,
    onWriteError,
    throttle,
  }
}

const shorthands = {
  hda: { index: '0', media: 'disk' },
  hdb: { index: '1', media: 'disk' },
  hdc: { index: '2', media: 'disk' },
  hdd: { index: '3', media: 'disk' },
  cdrom: { index: '2', media: 'cdrom' },
  fda: { if: 'floppy', index: '0' },
  fdb: { if: 'floppy', index: '1' },
  pflash: { if: 'pflash' },
} as const

export type DriveShorthand = keyof typeof shorthands

/** What `-hda FILE`, `-cdrom FILE`, ... mean, in options of `-drive`. */
export function shorthandDrive(shorthand: DriveShorthand, file: string): Record<string, string> {
  return { ...shorthands[shorthand], file }
}

function rename(options: OptionBag, alias: string, name: string): void {
  const value = options.takeString(alias)
  if (value === undefined) return
  if (options.has(name)) {
    throw new BlockError('invalid', `'${name}' and its alias '${alias}' can't be used at the same time`, {
      option: alias,
    })
  }
  options.set(name, value)
}

function spellOutCache(options: OptionBag): void {
  const word = options.takeString('cache')
  if (word === undefined) return
  if (!Object.hasOwn(cacheModes, word)) throw new BlockError('invalid', 'invalid cache option', { option: 'cache' })
  for (const [key, value] of Object.entries(cacheModes[word]!)) options.setDefault(key, value)
}

function takePosition(options: OptionBag): DrivePosition {
  const bus = options.takeInteger('bus') ?? 0
  const unit = options.takeInteger('unit')
  const index = options.takeInteger('index')
  // -1 is how QEMU says "any" inside, and it lets users say so too.
  return { bus, unit: unit === -1 ? undefined : unit, index: index === -1 ? undefined : index }
}

function takeMedia(options: OptionBag): DriveMedia {
  const word = options.takeString('media')
  if (word === undefined || word === 'disk') return 'disk'
  if (word === 'cdrom') return 'cdrom'
  throw new BlockError('invalid', `'${word}' invalid media`, { option: 'media' })
}

function takeInterface(options: OptionBag): DriveInterface | undefined {
  const word = options.takeString('if')
  if (word === undefined) return undefined
  if (!interfaces.has(word)) throw new BlockError('invalid', `unsupported bus type '${word}'`, { option: 'if' })
  return word as DriveInterface
}

function takeErrorPolicyWord(
  options: OptionBag,
  option: 'werror' | 'rerror',
  drive: DriveInterface,
): string | undefined {
  const word = options.takeString(option)
  if (word === undefined || interfacesWithErrorPolicy.has(drive)) return word
  throw new BlockError('invalid', `${option} is not supported by this bus type`, { option })
}

function parseWriteError(word: string | undefined): WriteErrorPolicy {
  if (word === undefined) return 'enospc'
  if (word === 'report' || word === 'ignore' || word === 'stop' || word === 'enospc') return word
  throw new BlockError('invalid', `'${word}' invalid write error action`, { option: 'werror' })
}

function parseReadError(word: string | undefined): ReadErrorPolicy {
  if (word === undefined) return 'report'
  if (word === 'report' || word === 'ignore' || word === 'stop') return word
  throw new BlockError('invalid', `'${word}' invalid read error action`, { option: 'rerror' })
}

function takeId(options: OptionBag): string | undefined {
  const id = options.takeString('id')
  if (id !== undefined) inBlockErrors('id', () => checkIdentifier(id))
  return id
}

/** How QEMU talks to the host's kernel; here there is one way, so a known word is enough. */
function takeAio(options: OptionBag): void {
  const word = options.takeString('aio')
  if (word === undefined || word === 'threads' || word === 'io_uring') return
  if (word !== 'native') throw new BlockError('invalid', 'invalid aio option', { option: 'aio' })
  const direct = new OptionBag(options.pick(['cache.direct'])).takeBoolean('cache.direct')
  checkNativeAio({ direct: direct === true })
}

/** `format` is `driver` in the words of `-drive`. */
function takeFormat(options: OptionBag): void {
  const format = options.takeString('format')
  if (format === undefined) return
  if (options.has('driver')) {
    throw new BlockError('invalid', "Cannot specify both 'driver' and 'format'", { option: 'format' })
  }
  options.set('driver', format)
}

/** What is left below `throttling.` goes to the image's node, and is refused there. */
function takeThrottle(options: OptionBag): DriveConfig['throttle'] {
  for (const [alias, name] of Object.entries(throttlingAliases)) rename(options, alias, `throttling.${name}`)
  const group = options.takeString('throttling.group')
  const limits = takeThrottleLimits(options, 'throttling.')
  return limitsAnything(limits) ? { limits, group } : undefined
}
