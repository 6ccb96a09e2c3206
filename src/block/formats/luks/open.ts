import { BlockError } from '../../block-error.ts'
import type {
  CreateRequest,
  FormatDefinition,
  FormatRequest,
  Maker,
  Measurement,
  MeasureRequest,
} from '../../driver.ts'
import { planLuks, writeLuks } from './create.ts'
import { LateKey } from './late-key.ts'
import { LuksDriver } from './luks-driver.ts'
import { requiredSecret } from './required-secret.ts'
import { readLuksHeader, unlock } from './unlock.ts'

/** Whole disks that are encrypted, as cryptsetup makes them. */
export const luks: FormatDefinition = {
  name: 'luks',

  async open({ file, options, secret, noIo, keyLater }: FormatRequest): Promise<LuksDriver> {
    const given = options.pick(['key-secret'])
    const id = options.takeString('key-secret')
    if (noIo || (keyLater && id === undefined)) {
      const late = new LateKey(async (password) => (await unlock(file, 0, password)).cipher)
      return new LuksDriver(file, { header: await readLuksHeader(file, 0), cipher: late }, given)
    }
    const password = await requiredSecret(secret, 'key-secret', id)
    return new LuksDriver(file, await unlock(file, 0, password), given)
  },

  async create({ size, backing, options, secret }: CreateRequest): Promise<Maker> {
    if (backing !== undefined) throw new BlockError('unsupported', "Backing file not supported for file format 'luks'")
    const password = await requiredSecret(secret, 'key-secret', options.takeString('key-secret'))
    const plan = planLuks(options)
    return async (file) => {
      await file.truncate(0)
      await file.truncate(plan.length + size)
      await writeLuks(file, 0, plan, password)
    }
  },

  async measure({ size, options, secret }: MeasureRequest): Promise<Measurement> {
    await requiredSecret(secret, 'key-secret', options.takeString('key-secret'))
    const required = planLuks(options).length + size
    return { required, fullyAllocated: required }
  },
}
