import type { FilterDefinition, FilterRequest } from '../../driver.ts'
import { BlkdebugDriver } from './blkdebug-driver.ts'
import { takeRules } from './rules.ts'

/**
 * Lets requests fail as rules say, for those who want to see what happens then. The rules are those of QEMU's blkdebug
 * (qemu-img's and QAPI's `inject-error` and `set-state`). Their events are steps of the format above.
 */
export const blkdebug: FilterDefinition = {
  name: 'blkdebug',
  kind: 'protocol',
  child: 'image',

  async open({ options, child }: FilterRequest): Promise<BlkdebugDriver> {
    const given = options.pick(options.left.filter((key) => /^(inject-error|set-state)\./.test(key)))
    return new BlkdebugDriver(child, takeRules(options), given)
  },
}
