import { type KeyvalObject, OptionError, parseBoolean, parseInt64, parseSize } from '../keyval/index.ts'
import { ownEntry } from '../lookup/index.ts'
import { type AnyType, QmpError, root } from '../qapi/index.ts'
import { ObjectOptions } from './object-options.ts'

type Words = Readonly<Record<string, unknown>>
type Value = KeyvalObject[string]

/**
 * Understands an object that is described by texts: `qom-type=iothread,id=x,poll-max-ns=5`.
 *
 * @returns it as JSON would say it
 * @throws {OptionError} in QEMU's words
 */
export function optionsFromText(texts: KeyvalObject): Words {
  const members = Object.entries(texts).map(([name, value]) => [name, understood(value, typeOf(texts, name), name)])
  const words = Object.fromEntries(members) as Words
  try {
    ObjectOptions.decode(words, root)
  } catch (error) {
    throw error instanceof QmpError ? new OptionError(error.message) : error
  }
  return words
}

function typeOf({ 'qom-type': kind }: KeyvalObject, name: string): AnyType | undefined {
  const { shape } = ObjectOptions
  const branch = shape.meta === 'object' ? ownEntry(shape.variants?.branches ?? {}, String(kind)) : undefined
  return branch?.shape.meta === 'object' ? ownEntry(branch.shape.members, name)?.type : undefined
}

function understood(value: Value, type: AnyType | undefined, name: string): unknown {
  if (type === undefined) return value
  const { shape } = type
  if (typeof value !== 'string') {
    if (shape.meta === 'array')
      return Object.values(value).map((one, index) => understood(one as Value, shape.of, `${name}[${index}]`))
    if (shape.meta !== 'object') return value
    return Object.fromEntries(
      Object.entries(value).map(([inner, text]) => [
        inner,
        understood(text as Value, shape.members[inner]?.type, `${name}.${inner}`),
      ]),
    )
  }
  if (shape.meta !== 'builtin') return value
  if (shape.jsonType === 'boolean') return parseBoolean(value) ?? complain(`Parameter '${name}' expects 'on' or 'off'`)
  if (shape.jsonType !== 'int') return value
  const number = type.name === 'size' ? parseSize(value) : parseInt64(value)
  if (typeof number !== 'bigint') complain(`Parameter '${name}' expects ${type.name === 'size' ? 'size' : 'integer'}`)
  return Number.isSafeInteger(Number(number)) ? Number(number) : number
}

function complain(text: string): never {
  throw new OptionError(text)
}
