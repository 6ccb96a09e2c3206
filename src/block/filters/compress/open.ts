import { BlockError } from '../../block-error.ts'
import type { FilterDefinition, FilterRequest } from '../../open/driver.ts'
import { CompressDriver } from './compress-driver.ts'

/** Lets everything be written in little space. */
export const compress: FilterDefinition = {
  name: 'compress',
  kind: 'format',
  child: 'file',

  async open({ child }: FilterRequest): Promise<CompressDriver> {
    const { name, writeCompressed, compressionRefusal } = child.driver
    if (writeCompressed === undefined || compressionRefusal !== undefined) {
      throw new BlockError('unsupported', `Compression is not supported for underlying format: ${name}`)
    }
    const { clusterSize = 1 } = await child.details()
    return new CompressDriver(child, clusterSize)
  },
}
