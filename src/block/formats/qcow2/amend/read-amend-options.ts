import { BlockError } from '../../../block-error.ts'
import type { OptionBag } from '../../../open/option-bag.ts'
import { type KeySlotChange, keySlotOptions, takeKeySlotChange } from '../../luks/key-slots.ts'
import { compatible } from '../features.ts'
import type { Image } from '../image.ts'

const prefix = 'encrypt.'

/** What an image is to become; what nobody says is as it was. */
export interface Amendment {
  readonly keySlots: KeySlotChange | undefined
  readonly version: 2 | 3
  readonly refcountBits: number
  readonly lazyRefcounts: boolean
  readonly rawData: boolean
  /** Undefined: as it is. */
  readonly dataFile: string | undefined
  /** Undefined: as it is. */
  readonly size: number | undefined
  /** What is said of the backing file, which must be what is there. */
  readonly backing: { readonly filename: string | undefined; readonly format: string | undefined } | undefined
}

/** Takes the options out. @throws {BlockError} in QEMU's words */
export function readAmendment(image: Image, options: OptionBag): Amendment {
  const { header, geometry, externalData, rawData: isRaw } = image
  const keySlots = readKeySlotChange(image, options)
  const size = options.takeSize('size')
  const version = readVersion(options.takeString('compat')) ?? header.version
  const backing = { filename: options.takeString('backing_file'), format: options.takeString('backing_fmt') }
  const dataFile = options.takeString('data_file')
  if (dataFile !== undefined && !externalData) {
    throw new BlockError('invalid', 'data-file can only be set for images that use an external data file')
  }
  const rawData = options.takeBoolean('data_file_raw') ?? isRaw
  if (rawData && !isRaw) throw new BlockError('invalid', 'data-file-raw cannot be set on existing images')
  const lazyRefcounts = options.takeBoolean('lazy_refcounts') ?? (header.compatible & compatible.lazyRefcounts) !== 0n
  const refcountBits = options.takeInteger('refcount_bits') ?? geometry.refcountBits
  if (!(refcountBits >= 1 && refcountBits <= 64 && Number.isInteger(Math.log2(refcountBits)))) {
    throw new BlockError('invalid', 'Refcount width must be a power of two and may not exceed 64 bits')
  }
  if (refcountBits !== geometry.refcountBits && version < 3 && refcountBits !== 16) {
    const text =
      'Refcount widths other than 16 bits require compatibility level 1.1 or above (use compat=1.1 or greater)'
    throw new BlockError('invalid', text)
  }
  const saysBacking = backing.filename !== undefined || backing.format !== undefined
  return {
    keySlots,
    version,
    refcountBits,
    lazyRefcounts,
    rawData,
    dataFile,
    size: size === 0 ? undefined : size,
    backing: saysBacking ? backing : undefined,
  }
}

function readKeySlotChange({ encryption }: Image, options: OptionBag): KeySlotChange | undefined {
  // Only jobs say it.
  const format = options.takeString(`${prefix}format`)
  if (format !== undefined) checkFormat(encryption, format)
  if (!keySlotOptions.some((name) => options.has(`${prefix}${name}`))) return undefined
  if (encryption === undefined) {
    throw new BlockError('invalid', "Can't amend encryption options - encryption not present")
  }
  if (encryption.luks === undefined) {
    throw new BlockError('unsupported', 'Only LUKS encryption options can be amended')
  }
  return takeKeySlotChange(options, prefix)
}

function checkFormat(encryption: Image['encryption'], format: string): void {
  if (encryption === undefined) throw new BlockError('invalid', "image is not encrypted, can't amend")
  if (format === (encryption.luks === undefined ? 'qcow' : 'luks')) return
  throw new BlockError('unsupported', "Amend can't be used to change the qcow2 encryption format")
}

function readVersion(word: string | undefined): 2 | 3 | undefined {
  if (word === undefined) return undefined
  if (word === '0.10' || word === 'v2') return 2
  if (word === '1.1' || word === 'v3') return 3
  throw new BlockError('invalid', `Unknown compatibility level ${word}`)
}
