import type { FilterDefinition, FilterRequest } from '../../open/driver.ts'
import { PreallocateDriver } from './preallocate-driver.ts'
import { takeSizes } from './sizes.ts'

/** Takes room in a file before it is needed: for a node between a format and its file. */
export const preallocate: FilterDefinition = {
  name: 'preallocate',
  kind: 'format',
  child: 'file',

  async open({ options, child }: FilterRequest): Promise<PreallocateDriver> {
    const given = options.pick(['prealloc-align', 'prealloc-size'])
    return new PreallocateDriver(child, { sizes: takeSizes(options), given })
  },
}
