import type { FormatDefinition, FormatRequest } from '../../driver.ts'
import { LuksDriver } from './luks-driver.ts'
import { requiredSecret } from './required-secret.ts'
import { unlock } from './unlock.ts'

/** Whole disks that are encrypted, as cryptsetup makes them. */
export const luks: FormatDefinition = {
  name: 'luks',

  async open({ file, options, secret }: FormatRequest): Promise<LuksDriver> {
    const given = options.pick(['key-secret'])
    const password = await requiredSecret(secret, 'key-secret', options.takeString('key-secret'))
    return new LuksDriver(file, await unlock(file, 0, password), given)
  },
}
