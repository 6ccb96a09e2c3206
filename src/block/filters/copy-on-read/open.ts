import { BlockError } from '../../block-error.ts'
import type { FilterDefinition, FilterRequest } from '../../open/driver.ts'
import { CopyOnReadDriver } from './copy-on-read-driver.ts'

/** Copies what is read from the images behind into the image itself. */
export const copyOnRead: FilterDefinition = {
  name: 'copy-on-read',
  kind: 'format',
  child: 'file',

  async open({ options, child, find }: FilterRequest): Promise<CopyOnReadDriver> {
    const name = options.takeString('bottom')
    if (name === undefined) return new CopyOnReadDriver(child)
    const bottom = find(name)
    if (bottom === undefined) throw new BlockError('missing', `Bottom node '${name}' not found`, { node: name })
    if (bottom.driver.filters === true) {
      throw new BlockError('invalid', `Bottom node '${name}' is a filter`, { node: name })
    }
    return new CopyOnReadDriver(child, { bottom })
  },
}
