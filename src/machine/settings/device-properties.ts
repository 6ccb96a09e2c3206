import { OptionError, parseBoolean, parseInt64 } from '../../keyval/index.ts'

/** What a device's property takes: QEMU's name of the type, and what is to be said of it in a list. */
export interface PropertyType {
  readonly name: string
  readonly description?: string
  /** As the list shows it. */
  readonly byDefault?: string
  /** @throws {OptionError} in QEMU's words */
  readonly read: (property: string, value: unknown) => PropertyValue
}

export type PropertyValue = string | number | boolean

/** An unsigned integer. */
export function unsigned(bits: 8 | 16 | 32, byDefault: number): PropertyType {
  return { ...integer(`uint${bits}`, 0n, 1n << BigInt(bits)), byDefault: String(byDefault) }
}

export const int32: PropertyType = integer('int32', -(1n << 31n), 1n << 31n)

export function text(description?: string): PropertyType {
  return {
    name: 'str',
    ...(description !== undefined && { description }),
    read: (property, value) => {
      if (typeof value === 'string') return value
      throw new OptionError(`Invalid parameter type for '${property}', expected: string`)
    },
  }
}

export function truth(byDefault: boolean): PropertyType {
  return {
    name: 'bool',
    byDefault: String(byDefault),
    read: (property, value) => {
      if (typeof value === 'boolean') return value
      if (typeof value !== 'string')
        throw new OptionError(`Invalid parameter type for '${property}', expected: boolean`)
      const truth = parseBoolean(value)
      if (truth === undefined) throw new OptionError(`Parameter '${property}' expects 'on' or 'off'`)
      return truth
    },
  }
}

/** One word of several. */
export function word(
  name: string,
  words: readonly string[],
  { description, byDefault }: { readonly description: string; readonly byDefault: string },
): PropertyType {
  return {
    name,
    description,
    byDefault: `"${byDefault}"`,
    read: (property, value) => {
      if (typeof value !== 'string') throw new OptionError(`Invalid parameter type for '${property}', expected: string`)
      if (words.includes(value)) return value
      throw new OptionError(`Parameter '${property}' does not accept value '${value}'`)
    },
  }
}

function integer(name: string, lowest: bigint, end: bigint): PropertyType {
  return {
    name,
    read: (property, value) => {
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new OptionError(`Invalid parameter type for '${property}', expected: integer`)
      const number = typeof value === 'string' ? parseInt64(value) : BigInt(Math.trunc(value))
      if (typeof number !== 'bigint') throw new OptionError(`Parameter '${property}' expects integer`)
      if (number < lowest || number >= end) throw new OptionError(`Parameter '${property}' expects ${name}_t`)
      return Number(number)
    },
  }
}

/** A property's line in the list of a device's options. */
export function propertyLine(property: string, { name, description = '', byDefault }: PropertyType): string {
  const left = `  ${property}=<${name}>`
  const tail = [description, byDefault === undefined ? '' : `(default: ${byDefault})`]
  if (tail.every((part) => part === '')) return `${left}\n`
  return `${left.padEnd(24)} - ${tail.join(' ').trimEnd()}\n`
}
