import { BlockError } from '../../block-error.ts'
import { takeFilePreallocation } from '../../create/preallocation.ts'
import type { CreateRequest } from '../../open/create-request.ts'

const subformats = [
  'monolithicSparse',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
  'streamOptimized',
] as const
const adapters = ['ide', 'buslogic', 'lsilogic', 'legacyESX'] as const

/** What an image is to be like. */
export interface VmdkPlan {
  readonly subformat: (typeof subformats)[number]
  readonly adapter: (typeof adapters)[number]
  readonly hardwareVersion: string
  readonly toolsVersion: string
  readonly zeroedGrain: boolean
  /** Extents are the guest's bytes as they are. */
  readonly flat: boolean
  /** Extents are files beside the one that lists them, each of at most so many bytes; undefined: the image is its own. */
  readonly extentSize: number | undefined
}

/** Takes the format's options out. @throws {BlockError} in QEMU's words, of kind `invalid` or `unsupported` */
export function takeVmdkOptions({ size, backing, options }: CreateRequest): VmdkPlan {
  takeFilePreallocation(options)
  const adapter = takeWord(options, 'adapter_type', adapters) ?? 'ide'
  const compat6 = options.takeBoolean('compat6') ?? false
  const given = options.takeString('hwversion')
  // The word is that of the command line for none.
  const version = given === 'undefined' ? undefined : given
  if (compat6 && version !== undefined) throw invalid('compat6 cannot be enabled with hwversion set')
  const subformat = takeWord(options, 'subformat', subformats) ?? 'monolithicSparse'
  const toolsVersion = options.takeString('toolsversion') ?? '2147483647'
  const zeroedGrain = options.takeBoolean('zeroed_grain') ?? false
  if (size % 512n !== 0n) throw invalid('Image size must be a multiple of 512 bytes')
  const flat = subformat === 'monolithicFlat' || subformat === 'twoGbMaxExtentFlat'
  if (flat && backing !== undefined) throw invalid("Flat image can't have backing file")
  if (flat && zeroedGrain) throw invalid("Flat image can't enable zeroed grain")
  const split = subformat === 'twoGbMaxExtentSparse' || subformat === 'twoGbMaxExtentFlat'
  const extentSize = split ? 2 ** 31 : subformat === 'monolithicFlat' ? Number.POSITIVE_INFINITY : undefined
  const hardwareVersion = version ?? (compat6 ? '6' : '4')
  return { subformat, adapter, hardwareVersion, toolsVersion, zeroedGrain, flat, extentSize }
}

function takeWord<T extends string>(
  options: CreateRequest['options'],
  name: string,
  words: readonly T[],
): T | undefined {
  const word = options.takeString(name)
  if (word === undefined || words.includes(word as T)) return word as T | undefined
  throw new BlockError('invalid', `invalid parameter value: ${word}`, { option: name })
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
