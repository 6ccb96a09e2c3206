import { BlockError } from '../../block-error.ts'
import type {
  CreateRequest,
  FormatDefinition,
  FormatRequest,
  Maker,
  Measurement,
  MeasureRequest,
} from '../../driver.ts'
import { writeZeroBytes } from '../../zeroes.ts'
import { RawDriver } from './raw-driver.ts'

const sector = 512

/** The format without structure: the bytes of the node below, or a window of them. */
export const raw: FormatDefinition = {
  name: 'raw',

  async open({ options, file, probed, readOnly, warn }: FormatRequest): Promise<RawDriver> {
    const given = options.pick(['offset', 'size'])
    const offset = options.takeSize('offset')
    const size = options.takeSize('size')
    if (offset !== undefined || size !== undefined) checkWindow(offset ?? 0, size, file.length)
    if (probed && !readOnly) {
      warn(
        `WARNING: Image format was not specified for '${file.filename}' and probing guessed raw.\n` +
          '         Automatically detecting the format is dangerous for raw images, write operations on block 0 will be restricted.\n' +
          "         Specify the 'raw' format explicitly to remove the restrictions.",
      )
    }
    return new RawDriver(file, { offset: offset ?? 0, size, probed, given })
  },

  create({ size, backing, options }: CreateRequest): Maker {
    if (backing !== undefined) throw new BlockError('unsupported', "Backing file not supported for file format 'raw'")
    const preallocation = options.takeString('preallocation') ?? 'off'
    checkPreallocation(preallocation)
    return async (file) => {
      await file.truncate(0)
      await file.truncate(size)
      if (preallocation !== 'off') await writeZeroBytes(file, 0, size)
    }
  },

  async measure({ size, options }: MeasureRequest): Promise<Measurement> {
    options.takeString('preallocation')
    return { required: size, fullyAllocated: size }
  },
}

/** Space is taken by zeroes that are written: nothing else takes it on every file system. @throws {BlockError} */
function checkPreallocation(word: string): void {
  if (word === 'off' || word === 'falloc' || word === 'full') return
  const known = word === 'metadata'
  const text = known ? `Unsupported preallocation mode: ${word}` : `invalid parameter value: ${word}`
  throw new BlockError(known ? 'unsupported' : 'invalid', text, { option: 'preallocation' })
}

function checkWindow(offset: number, size: number | undefined, available: number): void {
  if (offset > available) {
    throw new BlockError(
      'invalid',
      `Offset (${offset}) cannot be greater than size of the containing file (${available})`,
      { option: 'offset' },
    )
  }
  if (size === undefined) return
  if (offset + size > available) {
    throw new BlockError(
      'invalid',
      `The sum of offset (${offset}) and size (${size}) has to be smaller or equal to the  actual size of the containing file (${available})`,
      { option: 'size' },
    )
  }
  if (size % sector !== 0) {
    throw new BlockError('invalid', 'Specified size is not multiple of 512', { option: 'size' })
  }
}
