import { fileLength } from '../../create/file-length.ts'
import { lengthen, takePreallocation } from '../../create/preallocation.ts'
import { idle, keepingLength } from '../../graph/access.ts'
import type { CreateRequest, Maker, Measurement, MeasureRequest } from '../../open/create-request.ts'
import type { FormatDefinition, FormatRequest } from '../../open/driver.ts'
import { RawDriver } from './raw-driver.ts'
import { takeWindow } from './window.ts'

/** The format without structure: the bytes of the node below, or a window of them. */
export const raw: FormatDefinition = {
  name: 'raw',

  // A part of a node is where it is as long as the node keeps its length.
  fileAccess: (options) => (options.has('offset') || options.has('size') ? keepingLength(idle) : undefined),

  async open({ options, file, probed, readOnly, warn }: FormatRequest): Promise<RawDriver> {
    const window = takeWindow(options, file)
    if (probed && !readOnly) {
      warn(
        `WARNING: Image format was not specified for '${file.filename}' and probing guessed raw.\n` +
          '         Automatically detecting the format is dangerous for raw images, write operations on block 0 will be restricted.\n' +
          "         Specify the 'raw' format explicitly to remove the restrictions.",
      )
    }
    return new RawDriver(file, window, { probed })
  },

  create({ size, options }: CreateRequest): Maker {
    const preallocation = takePreallocation(options)
    return async (file) => {
      await file.truncate(0)
      await lengthen(file, fileLength(size, 'Could not resize file: '), preallocation)
    }
  },

  async measure({ size, options }: MeasureRequest): Promise<Measurement> {
    options.takeString('preallocation') // makes no difference, whatever it says
    return { required: size, fullyAllocated: size }
  },
}
