import { flattenOptions, type OptionValues } from '../block/index.ts'
import { type Infer, int, oneOf, opt, req, str, struct, union } from '../qapi/index.ts'
import { BlockdevDriver } from './blockdev-options.ts'

const keySlotMembers = {
  state: req(oneOf('QCryptoBlockLUKSKeyslotState', ['active', 'inactive']), 'whether slots are filled or erased'),
  'new-secret': opt(str, 'name of the secret with the password for the slot'),
  'old-secret': opt(str, 'name of the secret whose slots are erased'),
  keyslot: opt(int, 'the slot; a free one, or all of @old-secret by default'),
  'iter-time': opt(int, 'milliseconds that the password takes to be tried; 2000 by default'),
  secret: opt(str, 'name of the secret that unlocks the master key; that of the image by default'),
}

/** What is to change of an image. */
export const BlockdevAmendOptions = union('BlockdevAmendOptions', {
  base: { driver: req(BlockdevDriver, 'the format that it has') },
  discriminator: 'driver',
  branches: {
    luks: struct('BlockdevAmendOptionsLUKS', keySlotMembers),
    qcow2: struct('BlockdevAmendOptionsQcow2', {
      encrypt: opt(
        union('QCryptoBlockAmendOptions', {
          base: { format: req(oneOf('QCryptoBlockFormat', ['qcow', 'luks']), 'how it is encrypted') },
          discriminator: 'format',
          branches: { luks: struct('QCryptoBlockAmendOptionsLUKS', keySlotMembers) },
        }),
        'key slots of the image',
      ),
    }),
  },
})

/** As `qemu-img amend -o` has them. */
export function amendOptionsOf(words: Infer<typeof BlockdevAmendOptions>): OptionValues {
  const { driver: _, ...options } = words
  return flattenOptions(options as Parameters<typeof flattenOptions>[0])
}
