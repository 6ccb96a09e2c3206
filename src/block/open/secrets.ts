import { reasonText, systemCode } from '../../errno/index.ts'
import { readWholeFileNow } from '../../files/index.ts'
import { checkIdentifier, OptionError } from '../../keyval/index.ts'

/** A password, or where it is; as `-object secret` says it. */
export interface SecretConfig {
  readonly id: string
  readonly data: string | undefined
  readonly file: string | undefined
  readonly format: 'raw' | 'base64'
}

/**
 * Understands what is said of an object; the one kind there is are secrets.
 *
 * @param words - `qom-type`, `id`, `data` or `file`, `format`
 * @throws {OptionError} in QEMU's words
 */
export function secretFrom(words: Readonly<Record<string, unknown>>): SecretConfig {
  const { 'qom-type': type, id, data, file, format = 'raw', ...rest } = words
  if (type === undefined) throw new OptionError("Parameter 'qom-type' is missing")
  if (type !== 'secret') throw new OptionError(`Parameter 'qom-type' does not accept value '${String(type)}'`)
  if (id === undefined) throw new OptionError("Parameter 'id' is missing")
  for (const [name, value] of Object.entries({ id, data, file })) {
    if (value !== undefined && typeof value !== 'string')
      throw new OptionError(`Invalid parameter type for '${name}', expected: string`)
  }
  for (const name of Object.keys(rest)) throw new OptionError(`Invalid parameter '${name}'`)
  if (format !== 'raw' && format !== 'base64')
    throw new OptionError(`Parameter 'format' does not accept value '${String(format)}'`)
  checkIdentifier(id as string)
  return { id: id as string, data: data as string | undefined, file: file as string | undefined, format }
}

/** Gives the secret of that name, if there is one. */
export type ReadSecret = (id: string) => Uint8Array | undefined

/**
 * Reads secrets.
 *
 * @returns the password by its id; undefined if there is none
 * @throws {OptionError} in QEMU's words, if one cannot be had
 */
export function readSecrets(secrets: readonly SecretConfig[]): ReadSecret {
  const passwords = new Map(secrets.map((secret) => [secret.id, readSecret(secret)]))
  return (id) => passwords.get(id)
}

/** Reads one. @throws {OptionError} in QEMU's words, if it cannot be had */
export function readSecret({ data, file, format }: SecretConfig): Uint8Array {
  if (data !== undefined && file !== undefined) throw new OptionError("'file' and 'data' are mutually exclusive")
  if (data === undefined && file === undefined) throw new OptionError("Either 'file' or 'data' must be provided")
  const bytes = file === undefined ? Buffer.from(data!) : fileBytes(file)
  if (format === 'raw') return bytes
  const text = bytes.toString('latin1')
  if (!/^[A-Za-z0-9+/=\s]*$/.test(text)) throw new OptionError('Base64 data contains invalid characters')
  return Buffer.from(text, 'base64')
}

/** More than any password has. */
const mostBytes = 1 << 20

function fileBytes(path: string): Buffer {
  try {
    return readWholeFileNow(path, { limit: mostBytes, pipes: true })
  } catch (error) {
    // What GLib says; a folder can be opened.
    const failed = systemCode(error) === 'EISDIR' ? 'Error reading file' : 'Failed to open file'
    throw new OptionError(`Unable to read ${path}: ${failed} “${path}”: ${reasonText(error)}`)
  }
}
