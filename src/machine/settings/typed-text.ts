import { type KeyvalText, OptionError, parseBoolean, parseInt64, parseSize } from '../../keyval/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import type { AnyType } from '../../qapi/index.ts'

/**
 * Gives the texts of a list the types that a declared type wants: `on` becomes true where it wants a boolean. What does
 * not fit in another way is left for the type to refuse.
 *
 * @param path - what the value is called in complaints; empty for all of it
 * @throws {OptionError} if a text is no boolean, or no number
 */
export function typedText(type: AnyType, value: KeyvalText, path: string): unknown {
  const { shape } = type
  if (typeof value === 'string') return shape.meta === 'builtin' ? scalar(type, value, path) : value
  if (Array.isArray(value)) {
    return shape.meta === 'array' ? value.map((each, index) => typedText(shape.of, each, `${path}[${index}]`)) : value
  }
  const object = shape.meta === 'alternate' ? shape.of.find(({ shape }) => shape.meta === 'object')?.shape : shape
  if (object?.meta !== 'object') return value
  const { members, variants } = object
  const branch = variants && ownEntry(variants.branches, String(value[variants.discriminator]))?.shape
  const all = { ...members, ...(branch?.meta === 'object' && branch.members) }
  const typed: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(value)) {
    const declared = ownEntry(all, name)
    typed[name] =
      declared === undefined ? member : typedText(declared.type, member, path === '' ? name : `${path}.${name}`)
  }
  return typed
}

function scalar({ name, shape }: AnyType, text: string, path: string): unknown {
  if (shape.meta !== 'builtin') return text
  if (shape.jsonType === 'boolean') {
    const truth = parseBoolean(text)
    if (truth === undefined) throw new OptionError(`Parameter '${path}' expects 'on' or 'off'`)
    return truth
  }
  if (shape.jsonType !== 'int') return text
  const number = name === 'size' ? parseSize(text) : parseInt64(text)
  if (typeof number === 'bigint') return number
  throw new OptionError(`Parameter '${path}' expects ${name === 'size' ? 'a size' : 'integer'}`)
}
