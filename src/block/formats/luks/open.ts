import { BlockError } from '../../block-error.ts'
import { fileLength } from '../../create/file-length.ts'
import { lengthen, takePreallocation } from '../../create/preallocation.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { CreateRequest, Maker, Measurement, MeasureRequest } from '../../open/create-request.ts'
import type { FormatDefinition, FormatRequest } from '../../open/driver.ts'
import type { OptionValues } from '../../open/option-bag.ts'
import { planLuks, writeLuks } from './create.ts'
import { LateKey } from './late-key.ts'
import { LuksDriver } from './luks-driver.ts'
import { requiredSecret } from './required-secret.ts'
import { readLuksHeader, type Unlocked, unlock } from './unlock.ts'

/** Whole disks that are encrypted, as cryptsetup makes them. */
export const luks: FormatDefinition = {
  name: 'luks',

  async open({ file, options, secret, noIo, keyLater }: FormatRequest): Promise<LuksDriver> {
    const given = options.pick(['key-secret'])
    const id = options.takeString('key-secret')
    if (noIo || (keyLater && id === undefined)) {
      const late = new LateKey(async (password) => (await unlock({ file, offset: 0 }, password)).cipher)
      return openPayload(file, { header: await readLuksHeader({ file, offset: 0 }), cipher: late }, given, secret)
    }
    const password = await requiredSecret(secret, 'key-secret', id)
    return openPayload(file, await unlock({ file, offset: 0 }, password), given, secret)
  },

  async create({ size, options, secret }: CreateRequest): Promise<Maker> {
    const password = await requiredSecret(secret, 'key-secret', options.takeString('key-secret'))
    const plan = planLuks(options)
    const preallocation = takePreallocation(options)
    const length = size + BigInt(plan.length)
    if (length >= 2n ** 63n) throw new BlockError('invalid', 'The requested file size is too large')
    return async (file) => {
      await file.truncate(0)
      await lengthen(file, fileLength(length), preallocation === 'metadata' ? 'off' : preallocation)
      await writeLuks(file, 0, plan, password)
    }
  },

  async measure({ size, options, secret }: MeasureRequest): Promise<Measurement> {
    await requiredSecret(secret, 'key-secret', options.takeString('key-secret'))
    takePreallocation(options)
    const required = planLuks(options).length + size
    return { required, fullyAllocated: required }
  },
}

/** @throws {BlockError} kind `io`, if the file ends before the guest's bytes begin */
function openPayload(
  file: BlockNode,
  unlocked: Unlocked,
  given: OptionValues,
  secret: FormatRequest['secret'],
): LuksDriver {
  if (unlocked.header.payloadOffset <= file.length) return new LuksDriver(file, unlocked, given, secret)
  throw new BlockError('io', 'Could not refresh total sector count: Input/output error')
}
