import { type SecretConfig, secretFrom, type ThrottleGroupConfig, throttleGroupFrom } from '../../block/index.ts'
import { type KeyvalObject, OptionError, parseInt64, parseKeyval } from '../../keyval/index.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'

const secretHelp =
  'secret options:\n  data=<string>\n  file=<string>\n  format=<QCryptoSecretFormat> - raw/base64 (default: "raw")\n'
const throttleProperties = ['bps', 'iops'].flatMap((unit) =>
  ['read', 'total', 'write'].flatMap((direction) =>
    ['-max-length', '-max', ''].map((suffix) => `x-${unit}-${direction}${suffix}`),
  ),
)
throttleProperties.splice(throttleProperties.indexOf('x-iops-total-max-length'), 0, 'x-iops-size')
const throttleHelp = `throttle-group options:\n  limits=<ThrottleLimits>\n${throttleProperties.map((name) => `  ${name}=<int>\n`).join('')}`
const helpOf: Readonly<Record<string, string>> = { secret: secretHelp, 'throttle-group': throttleHelp }
const objectTypes = `List of user creatable objects:\n${Object.keys(helpOf)
  .map((type) => `  ${type}\n`)
  .join('')}`

/** What `-object` makes. */
export type ObjectConfig =
  | { readonly type: 'secret'; readonly object: SecretConfig }
  | { readonly type: 'throttle-group'; readonly object: ThrottleGroupConfig }

/**
 * Reads an `-object`.
 *
 * @returns the help that was asked for instead, as text
 * @throws {OptionError} in QEMU's words
 */
export function readObject(text: string): ObjectConfig | string {
  if (isJsonOption(text)) return objectFrom(parseJsonOption(text))
  const { object, help } = parseKeyval(text, 'qom-type')
  if (help) return helpOf[String(object['qom-type'])] ?? objectTypes
  return objectFrom(object['qom-type'] === 'throttle-group' ? withNumbers(object) : object)
}

function objectFrom(words: Readonly<Record<string, unknown>>): ObjectConfig {
  return words['qom-type'] === 'throttle-group'
    ? { type: 'throttle-group', object: throttleGroupFrom(words) }
    : { type: 'secret', object: secretFrom(words) }
}

/** A list has no way to say what consists of several values: limits are given by the properties for each. */
function withNumbers({ 'qom-type': type, id, ...texts }: KeyvalObject): Record<string, unknown> {
  if (id === undefined) throw new OptionError("Parameter 'id' is missing")
  const words: Record<string, unknown> = { 'qom-type': type, id }
  for (const [name, text] of Object.entries(texts)) {
    if (!throttleProperties.includes(name)) continue
    const value = parseInt64(String(text))
    if (typeof value !== 'bigint') throw new OptionError(`Parameter '${name}' expects an int64 value`)
    words[name] = Number(value)
  }
  for (const [name, value] of Object.entries(texts)) {
    if (name in words) continue
    const inner = typeof value === 'object' ? `.${Object.keys(value)[0]}` : ''
    throw new OptionError(`Invalid parameter '${name}${inner}'`)
  }
  return words
}

/** @throws {OptionError} if there is one of that name */
export function checkNewObject({ object: { id } }: ObjectConfig, others: readonly ObjectConfig[]): void {
  if (others.some((other) => other.object.id === id)) throw new OptionError(`Duplicate ID '${id}' for object`)
}
