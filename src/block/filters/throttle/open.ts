import type { FilterDefinition, FilterRequest } from '../../open/driver.ts'
import { takeGroup } from './take-group.ts'
import { ThrottleDriver } from './throttle-driver.ts'

/** Limits what all users of a node may do with it in a second, together with what else is in a throttle group. */
export const throttle: FilterDefinition = {
  name: 'throttle',
  kind: 'format',
  child: 'file',

  async open({ options, child, throttleGroups }: FilterRequest): Promise<ThrottleDriver> {
    return new ThrottleDriver(child, takeGroup(options, throttleGroups))
  },
}
