import { BlockError } from '../../block-error.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import type { ThrottleGroup } from '../../throttling/throttle-group.ts'
import type { ThrottleGroups } from '../../throttling/throttle-groups.ts'

/** The group that the options name. @throws {BlockError} kinds `invalid` and `missing`, if there is none */
export function takeGroup(options: OptionBag, groups: ThrottleGroups): ThrottleGroup {
  const name = options.takeString('throttle-group')
  if (name === undefined) throw new BlockError('invalid', 'Please specify a throttle group')
  const group = groups.find(name)
  if (group === undefined) throw new BlockError('missing', `Throttle group '${name}' does not exist`)
  return group
}
