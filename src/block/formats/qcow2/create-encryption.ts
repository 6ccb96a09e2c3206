import { BlockError } from '../../block-error.ts'
import type { CreateRequest } from '../../open/create-request.ts'
import { type LuksPlan, planLuks } from '../luks/create.ts'
import { requiredSecret } from '../luks/required-secret.ts'

/** How the guest's clusters will be encrypted. */
export interface EncryptionPlan {
  /** Undefined: the password is the key. */
  readonly luks: LuksPlan | undefined
  readonly password: Uint8Array
}

const prefix = 'encrypt.'

/**
 * Reads what `qemu-img create -o` says of encryption.
 *
 * @throws {BlockError} in QEMU's words: kinds `invalid`, `unsupported`, and `missing`, if there is no such secret
 */
export async function readEncryption({
  options,
  secret,
}: Pick<CreateRequest, 'options' | 'secret'>): Promise<EncryptionPlan | undefined> {
  const format = readFormat(options)
  if (format === undefined) {
    if (!options.left.some((name) => name.startsWith(prefix))) return undefined
    throw new BlockError('invalid', "Parameter 'encrypt.format' is missing")
  }
  const password = await requiredSecret(secret, `${prefix}key-secret`, options.takeString(`${prefix}key-secret`))
  if (format === 'luks') return { luks: planLuks(options, prefix), password }
  const unexpected = options.left.find((name) => name.startsWith(prefix))
  if (unexpected === undefined) return { luks: undefined, password }
  throw new BlockError('invalid', `Parameter '${unexpected}' is unexpected`, { option: unexpected })
}

function readFormat(options: CreateRequest['options']): 'luks' | 'aes' | undefined {
  const legacy = options.takeBoolean('encryption')
  const format = options.takeString(`${prefix}format`)
  if (legacy !== undefined && format !== undefined) {
    throw new BlockError('invalid', "'encrypt.format' and its alias 'encryption' can't be used at the same time")
  }
  if (legacy === true) return 'aes'
  if (format === undefined || format === 'luks' || format === 'aes') return format
  throw new BlockError('invalid', `Parameter 'format' does not accept value '${format}'`, { option: 'encrypt.format' })
}
