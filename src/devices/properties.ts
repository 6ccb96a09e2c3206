import { randomUUID } from 'node:crypto'
import { isUuid, OptionError, parseBoolean, parseInt64, parseSize, parseUint64 } from '../keyval/index.ts'

/** What a device's property takes: QEMU's name of the type, and what is to be said of it in a list. */
export interface PropertyType {
  readonly name: string
  readonly description?: string
  /** As the list shows it. */
  readonly byDefault?: string
  /**
   * @param owner - the model, or the part of the device that has it
   * @param id - the device's, if it has it itself
   * @throws {OptionError} in QEMU's words
   */
  readonly read: (property: string, value: unknown, owner: string, id?: string) => PropertyValue
  /** Refuses JSON values of another type, in QEMU's words; without it, `read` does. @throws {OptionError} */
  readonly requireType?: (property: string, value: unknown) => void
  /** A value for a device of which none was said, in place of the one in the list. */
  readonly draw?: () => PropertyValue
  /** It belongs to each device, and not to the model: such ones are listed last. */
  readonly ofEach?: true
  /**
   * Its value names a character device; what is said if there is no such name, unless there need be none, and the part of
   * the device that has the property, if not the device itself.
   */
  readonly chardev?: { readonly missing?: string; readonly owner?: string }
  /** Its value names a back end of the network; the part of the device that has the property, if not the device itself. */
  readonly netdev?: { readonly owner?: string }
  /** Its value names a folder of the host's that the guest is to have. */
  readonly sharesFolder?: true
  /** Its value names an object that a user has made: one of these types. */
  readonly object?: WantedObject
}

/** Which objects a property can name: what QEMU calls them, and the types that are. */
export interface WantedObject {
  readonly called: string
  readonly types: readonly string[]
}

export type PropertyValue = string | number | boolean

/** An unsigned integer. @param byDefault - absent where the list says nothing */
export function unsigned(bits: 8 | 16 | 32 | 64, byDefault?: number): PropertyType {
  const type = integer(`uint${bits}`, 0n, 1n << BigInt(bits))
  return byDefault === undefined ? type : { ...type, byDefault: String(byDefault) }
}

export const int32: PropertyType = integer('int32', -(1n << 31n), 1n << 31n)

export function signed32(byDefault: number): PropertyType {
  return { ...int32, byDefault: String(byDefault) }
}

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

/** A UUID, or `auto` for a random one. */
export function uuid(description: string): PropertyType {
  const { read } = text()
  return {
    ...text(description),
    byDefault: '"auto"',
    draw: () => randomUUID(),
    read: (property, value, owner) => {
      const said = read(property, value, owner)
      if (said === 'auto') return randomUUID()
      if (typeof said === 'string' && isUuid(said)) return said.toLowerCase()
      throw new OptionError(`Property '${owner}.${property}' doesn't take value '${String(said)}'`)
    },
  }
}

/** @param missing - what is said if it names none */
export function chardev(missing?: string): PropertyType {
  return {
    ...text('ID of a chardev to use as a backend'),
    chardev: missing === undefined ? {} : { missing },
  }
}

/** A part of the device: it can be seen, and not be said. */
export function child(type: string): PropertyType {
  return {
    name: `child<${type}>`,
    ofEach: true,
    read: (property, _value, owner) => {
      throw new OptionError(`Property '${owner}.${property}' is not writable`)
    },
  }
}

/** An object that a user has made, by its id or its path. */
export function userObject(called: string, types: readonly string[]): PropertyType {
  return { ...text(), name: `link<${called}>`, object: { called, types } }
}

/** A folder of the host's, by its id. */
export const sharedFolder: PropertyType = { ...text(), sharesFolder: true }

/** The id of the object that the value of such a property names; undefined for none. */
export function objectIdOf(value: unknown): string | undefined {
  return value === undefined || value === '' ? undefined : String(value).replace(/^\/objects\//, '')
}

/** A number of bytes, of 32 bits. */
export function size32(byDefault: number): PropertyType {
  const type = size(byDefault)
  return {
    ...type,
    read: (property, value, owner, id) => {
      const bytes = type.read(property, value, owner, id)
      if (Number(bytes) < 2 ** 32) return bytes
      throw new OptionError(`Property ${owner}.${property} doesn't take value ${bytes} (maximum: ${2 ** 32 - 1})`)
    },
  }
}

/** Another device, by its path: what it is wired to. */
export function link(type: string): PropertyType {
  return { ...child(type), name: `link<${type}>` }
}

/** A number of bytes. */
export function size(byDefault: number, description?: string): PropertyType {
  return {
    name: 'size',
    ...(description !== undefined && { description }),
    byDefault: String(byDefault),
    requireType: requireUnsigned,
    read: (property, value) => {
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new OptionError(`Invalid parameter type for '${property}', expected: integer`)
      const bytes = typeof value === 'string' ? parseSize(value) : BigInt(Math.trunc(value))
      if (typeof bytes !== 'bigint') throw new OptionError(`Parameter '${property}' expects size`)
      return Number(bytes)
    },
  }
}

/** A slot of the PCI bus, and the function in it, as one number; -1 for the next that is free. */
const address: PropertyType = {
  name: 'int32',
  description: 'Slot and optional function number, example: 06.0 or 06',
  byDefault: '-1',
  read: (property, value, owner) => {
    if (typeof value === 'number') {
      if (value >= -1 && value <= 255) return value
      throw new OptionError(`Parameter '${property}' expects a value between -1 and 255`)
    }
    if (typeof value !== 'string')
      throw new OptionError(`Invalid parameter type for '${property}', expected int or str`)
    const [, slot, func = '0'] = /^\s*(?:0x)?([0-9a-f]+)(?:\.(?:0x)?([0-9a-f]+))?$/i.exec(value) ?? []
    const [slotNumber, functionNumber] = [Number.parseInt(slot ?? '', 16), Number.parseInt(func, 16)]
    if (slotNumber <= 31 && functionNumber <= 7) return slotNumber * 8 + functionNumber
    throw new OptionError(`Property '${owner}.${property}' doesn't take value '${value}'`)
  },
}

/** @param byDefault - as the list says; absent where it says nothing */
export function onOff(byDefault?: boolean, description?: string): PropertyType {
  return {
    name: 'bool',
    ...(description !== undefined && { description }),
    ...(byDefault !== undefined && { byDefault: String(byDefault) }),
    requireType: (property, value) => {
      if (typeof value !== 'boolean')
        throw new OptionError(`Invalid parameter type for '${property}', expected: boolean`)
    },
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
  { description, byDefault }: { readonly description?: string; readonly byDefault: string },
): PropertyType {
  return {
    name,
    ...(description !== undefined && { description }),
    byDefault: `"${byDefault}"`,
    read: (property, value) => {
      if (typeof value !== 'string') throw new OptionError(`Invalid parameter type for '${property}', expected: string`)
      if (words.includes(value)) return value
      throw new OptionError(`Parameter '${property}' does not accept value '${value}'`)
    },
  }
}

/** What every device on a PCI bus has. */
export const pciProperties: Readonly<Record<string, PropertyType>> = {
  failover_pair_id: text(),
  romfile: text(),
  addr: address,
  romsize: unsigned(32, 0xffff_ffff),
  'x-pcie-lnksta-dllla': onOff(true, 'on/off'),
  rombar: unsigned(32, 1),
  'x-pcie-extcap-init': onOff(true, 'on/off'),
  'acpi-index': unsigned(32, 0),
  multifunction: onOff(false, 'on/off'),
}

function requireUnsigned(property: string, value: unknown): void {
  if (!isInteger(value)) throw new OptionError(`Parameter '${property}' expects uint64`)
}

function requireSigned(property: string, value: unknown): void {
  if (!isInteger(value)) throw new OptionError(`Invalid parameter type for '${property}', expected: integer`)
}

function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isInteger(value)
}

function integer(name: string, lowest: bigint, end: bigint): PropertyType {
  return {
    name,
    requireType: lowest === 0n ? requireUnsigned : requireSigned,
    read: (property, value) => {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint')
        throw new OptionError(`Invalid parameter type for '${property}', expected: integer`)
      const parse = lowest === 0n ? parseUint64 : parseInt64
      const number = typeof value === 'string' ? parse(value) : BigInt(value)
      if (typeof number !== 'bigint') throw new OptionError(`Parameter '${property}' expects integer`)
      if (number < lowest || number >= end) throw new OptionError(`Parameter '${property}' expects ${name}_t`)
      return Number(number)
    },
  }
}

/**
 * Refuses properties that the board cannot have otherwise than they are.
 *
 * @throws {OptionError} naming the first one that is to be different
 */
export function requireDefaults(
  driver: string,
  { properties }: { readonly properties: Readonly<Record<string, PropertyType>> },
  said: Readonly<Record<string, PropertyValue>>,
): void {
  for (const [name, value] of Object.entries(said)) {
    const { name: type, byDefault = type === 'bool' ? 'false' : undefined } = properties[name]!
    if (byDefault === undefined) throw new OptionError(`'${driver}.${name}' cannot be said here`)
    if (isDefault(properties[name]!, value)) continue
    const only = type === 'bool' ? (byDefault === 'true' ? 'on' : 'off') : byDefault
    throw new OptionError(`'${driver}.${name}' can only be ${only} here`)
  }
}

/** What a property is if nobody says; undefined if there is no such value. */
export function defaultValue({ name, byDefault }: PropertyType): PropertyValue | undefined {
  if (byDefault === undefined) return undefined
  if (name === 'bool') return byDefault === 'true'
  return byDefault.startsWith('"') ? byDefault.slice(1, -1) : Number(byDefault)
}

/** Whether a value that was read is the one that a property has anyway; a switch of which nothing is known is off. */
export function isDefault(type: PropertyType, value: PropertyValue): boolean {
  const own = defaultValue(type) ?? (type.name === 'bool' ? false : undefined)
  return own !== undefined && String(value) === String(own)
}

/** Properties in the order of a list of names, in which QMP lists them. @throws {Error} if there is one of them not in it */
export function inOrder(
  names: string,
  properties: Readonly<Record<string, PropertyType>>,
): Readonly<Record<string, PropertyType>> {
  const order = names.split(/\s+/)
  for (const name of Object.keys(properties)) if (!order.includes(name)) throw new Error(`${name} has no place`)
  return Object.fromEntries(order.map((name) => [name, properties[name]!]))
}

/** A property's line in the list of a device's options. */
export function propertyLine(property: string, { name, description = '', byDefault }: PropertyType): string {
  const left = `  ${property}=<${name}>`
  const tail = [description, byDefault === undefined ? '' : `(default: ${byDefault})`]
  if (tail.every((part) => part === '')) return `${left}\n`
  return `${left.padEnd(24)} - ${tail.join(' ').trimEnd()}\n`
}
