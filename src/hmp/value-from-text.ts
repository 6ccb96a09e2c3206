import { parseBoolean, parseInt64, parseSize } from '../keyval/index.ts'
import { QmpError } from '../qapi/index.ts'

/**
 * The value that a text says of a property.
 *
 * @param type - of the property, as the tree of objects names it
 * @param name - of the property
 * @throws {QmpError} in QEMU's words, if it says none of that type
 */
export function valueFromText(type: string, text: string, name: string): unknown {
  if (type === 'bool') return parseBoolean(text) ?? refuse(`Parameter '${name}' expects 'on' or 'off'`)
  if (!/^(u?int\d*|u?int\d+_t|size)$/.test(type)) return text
  const number = name === 'size' || type === 'size' ? parseSize(text) : parseInt64(text)
  if (typeof number !== 'bigint')
    refuse(`Parameter '${name}' expects ${name === 'size' || type === 'size' ? 'size' : 'integer'}`)
  return Number.isSafeInteger(Number(number)) ? Number(number) : number
}

function refuse(text: string): never {
  throw new QmpError('GenericError', text)
}
