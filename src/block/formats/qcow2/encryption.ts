import { BlockError } from '../../block-error.ts'
import type { FormatRequest } from '../../open/driver.ts'
import { LateKey } from '../luks/late-key.ts'
import type { LuksHeader } from '../luks/luks-header.ts'
import { requiredSecret } from '../luks/required-secret.ts'
import { SectorCipher } from '../luks/sector-cipher.ts'
import { readLuksHeader, type Unlocked, unlock } from '../luks/unlock.ts'
import { getUint64, setUint64, viewOf } from './big-endian.ts'
import type { Extension, Extensions } from './extensions.ts'
import { damaged, type Header, unsupported } from './header.ts'
import type { Qcow2Options } from './options.ts'

/** The header extension that says where the header of LUKS is. */
const cryptExtension = 0x0537be77
const methods = ['none', 'aes', 'luks'] as const
/** The numbers of ways to encrypt. */
export const cryptMethods = { aes: 1, luks: 2 } as const

/** How an image's clusters are encrypted. */
export interface ImageEncryption {
  readonly cipher: Unlocked['cipher']
  /** Where in the file the header of LUKS is, and what it says. Undefined: there is none, as once. */
  readonly luks:
    | {
        header: LuksHeader
        readonly place: { readonly offset: number; readonly length: number }
        readonly secret: FormatRequest['secret']
        /** Name of the secret with which it was opened. */
        readonly keySecret: string | undefined
      }
    | undefined
}

/** Says where the header of LUKS is. */
export function encodeCryptExtension(offset: number, length: number): Extension {
  const data = new Uint8Array(16)
  setUint64(viewOf(data), 0, offset)
  setUint64(viewOf(data), 8, length)
  return { type: cryptExtension, data }
}

/** @throws {BlockError} kind `invalid`, if the image is not encrypted as the options say */
export function checkEncryptionFormat({ cryptMethod }: Pick<Header, 'cryptMethod'>, format: string | undefined): void {
  const method = methods[cryptMethod]
  if (format === undefined || format === method) return
  const text =
    method === 'none'
      ? `No encryption in image header, but options specified format '${format}'`
      : `Header reported '${method}' encryption format but options specify '${format}'`
  throw new BlockError('invalid', text, { option: 'encrypt.format' })
}

/**
 * Unlocks an image whose clusters are encrypted.
 *
 * @throws {BlockError} in QEMU's words, if the password is missing or wrong, or the image is not what the options say
 */
export async function openEncryption(
  { file, secret, noIo, keyLater, legacyEncryption }: FormatRequest,
  { header, extensions }: { readonly header: Header; readonly extensions: Extensions },
  { format, keySecret }: Qcow2Options['encryption'],
): Promise<ImageEncryption | undefined> {
  const method = methods[header.cryptMethod]
  if (method === undefined) throw unsupported(`Unsupported encryption method ${header.cryptMethod}`)
  if (method === 'none') {
    checkEncryptionFormat(header, format) // a key alone does no harm
    return undefined
  }
  if (method === 'aes' && !legacyEncryption && !keyLater) {
    throw unsupported('Use of AES-CBC encrypted qcow2 images is no longer supported in system emulators')
  }
  checkEncryptionFormat(header, format)
  const later = noIo || (keyLater && keySecret === undefined)
  const password = later ? undefined : await requiredSecret(secret, 'encrypt.key-secret', keySecret)
  if (method === 'aes')
    return {
      cipher: password === undefined ? new LateKey(async (given) => legacyCipher(given)) : legacyCipher(password),
      luks: undefined,
    }
  const data = extensions.others.find(({ type }) => type === cryptExtension)?.data
  if (data === undefined || data.byteLength < 16) throw damaged('CRYPTO header extension is missing')
  const [offset, length] = [getUint64(viewOf(data), 0), getUint64(viewOf(data), 8)]
  if (offset + length > file.length) throw damaged('Encryption header goes beyond the end of the file')
  const place = { offset, length }
  const area = { file, ...place }
  if (password === undefined) {
    const late = new LateKey(async (given) => (await unlock(area, given)).cipher)
    return { cipher: late, luks: { header: await readLuksHeader(area), place, secret, keySecret } }
  }
  const { cipher, header: luksHeader } = await unlock(area, password)
  return { cipher, luks: { header: luksHeader, place, secret, keySecret } }
}

const legacyKeyBytes = 16

/** The password is the key: what is longer is cut, what is shorter goes on in zeroes. */
function legacyCipher(password: Uint8Array): SectorCipher {
  const key = new Uint8Array(legacyKeyBytes)
  key.set(password.subarray(0, legacyKeyBytes))
  return new SectorCipher({ mode: 'cbc', vectors: 'plain64' }, key)
}
