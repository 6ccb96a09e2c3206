import { BlockError } from '../../block-error.ts'
import type { OpenRequest, ProtocolDefinition } from '../../driver.ts'
import { NullDriver, nullFilename } from './null-driver.ts'

const defaultSize = 2 ** 30

/** A disk of zeroes that forgets what is written: for measuring everything above it. */
export const nullCo: ProtocolDefinition = {
  name: 'null-co',
  prefix: 'null-co',
  parseFilename(filename) {
    if (filename === nullFilename) return { filename }
    throw new BlockError('invalid', "The only allowed filename for this driver is 'null-co://'", { filename })
  },

  async open({ options }: OpenRequest): Promise<NullDriver> {
    options.takeString('filename')
    const given = options.pick(['size', 'read-zeroes'])
    const size = options.takeSize('size') ?? defaultSize
    const latencyNs = options.takeInteger('latency-ns') ?? 0
    // Whether reads must give zeroes or may leave what was in the buffer: ours are always zeroes.
    options.takeBoolean('read-zeroes')
    return new NullDriver({ size, latencyMs: latencyNs / 1e6, given })
  },
}
