import { type SecretConfig, secretFrom } from '../../block/index.ts'
import { OptionError, parseKeyval } from '../../keyval/index.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'

const objectTypes = 'List of user creatable objects:\n  secret\n'
const secretHelp =
  'secret options:\n  data=<string>\n  file=<string>\n  format=<QCryptoSecretFormat> - raw/base64 (default: "raw")\n'

/**
 * Reads an `-object`, of which the one kind there is are secrets.
 *
 * @returns the help that was asked for instead, as text
 * @throws {OptionError} in QEMU's words
 */
export function readObject(text: string): SecretConfig | string {
  if (isJsonOption(text)) return secretFrom(parseJsonOption(text))
  const { object, help } = parseKeyval(text, 'qom-type')
  if (help) return object['qom-type'] === 'secret' ? secretHelp : objectTypes
  return secretFrom(object)
}

/** @throws {OptionError} if there is one of that name */
export function checkNewSecret({ id }: SecretConfig, others: readonly SecretConfig[]): void {
  if (others.some((other) => other.id === id)) throw new OptionError(`Duplicate ID '${id}' for object`)
}
