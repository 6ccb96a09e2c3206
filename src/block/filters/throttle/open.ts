import { BlockError } from '../../block-error.ts'
import type { FilterDefinition, FilterRequest } from '../../driver.ts'
import { ThrottleDriver } from './throttle-driver.ts'

/** Limits what all users of a node may do with it in a second, together with what else is in a throttle group. */
export const throttle: FilterDefinition = {
  name: 'throttle',
  kind: 'format',
  child: 'file',

  async open({ options, child, throttleGroups }: FilterRequest): Promise<ThrottleDriver> {
    const name = options.takeString('throttle-group')
    if (name === undefined) throw new BlockError('invalid', 'Please specify a throttle group')
    const group = throttleGroups.find(name)
    if (group === undefined) throw new BlockError('missing', `Throttle group '${name}' does not exist`)
    return new ThrottleDriver(child, group)
  },
}
