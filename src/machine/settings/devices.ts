import { type BoardDevice, type DeviceModel, deviceModels } from '../../board/index.ts'
import { qdictOrder } from '../../hash/index.ts'
import { OptionError, parseInt64, parseOptionList } from '../../keyval/index.ts'
import { ConfigError } from '../config-error.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'

/** What an option says of a device: text, or what JSON holds. */
export type DeviceWords = Readonly<Record<string, unknown>>

/** A device as it was asked for, or the help that was asked for instead. */
export type DeviceWish = { readonly words: DeviceWords; readonly help?: undefined } | { readonly help: string }

const models: Readonly<Record<string, DeviceModel>> = deviceModels

/**
 * Reads a `-device`.
 *
 * @param warn - hears of old forms
 * @throws {OptionError} if it is no list of options, and no JSON object
 */
export function readDevice(text: string, warn: (text: string) => void): DeviceWish {
  if (isJsonOption(text)) return { words: parseJsonOption(text) }
  if (text === 'help' || text === '?') return { help: listOfModels() }
  const list = parseOptionList(text, { impliedName: 'driver', help: true, warn })
  const driver = list.get('driver')
  if (list.help && driver !== undefined && Object.hasOwn(models, driver)) return { help: propertiesHelp(driver) }
  return { words: list.toRecord() }
}

/**
 * The devices that were asked for.
 *
 * @throws {ConfigError} if there is no such device, or it cannot be as it is asked for
 */
export function devicesOf(
  wishes: readonly { readonly words: DeviceWords; readonly origin: string }[],
  machine: 'pc' | 'none',
): BoardDevice[] {
  const devices: BoardDevice[] = []
  for (const { words, origin } of wishes) {
    try {
      const device = deviceOf(words, machine)
      if (device.id !== undefined && devices.some(({ id }) => id === device.id))
        throw new OptionError(`Duplicate ID '${device.id}' for device`)
      if (device.driver === 'pvpanic' && devices.some(({ driver }) => driver === 'pvpanic'))
        throw new OptionError('duplicate fw_cfg file name: etc/pvpanic-port')
      devices.push(device)
    } catch (error) {
      if (error instanceof OptionError) throw ConfigError.at(origin, error.message, error)
      throw error
    }
  }
  return devices
}

function deviceOf(words: DeviceWords, machine: 'pc' | 'none'): BoardDevice {
  const { driver, id, bus, ...rest } = words
  if (driver === undefined) throw new OptionError("Parameter 'driver' is missing")
  if (typeof driver !== 'string' || !Object.hasOwn(models, driver))
    throw new OptionError(`'${String(driver)}' is not a valid device model name`)
  const model = models[driver]!
  if (bus === undefined && machine === 'none')
    throw new OptionError(`No '${model.bus}' bus found for device '${driver}'`)
  if (bus !== undefined && bus !== 'isa.0') {
    if (bus === 'pci.0' && machine === 'pc') throw new OptionError(`Device '${driver}' can't go on PCI bus`)
    throw new OptionError(`Bus '${String(bus)}' not found`)
  }
  const properties: Record<string, number> = {}
  for (const [name, { byDefault }] of Object.entries(model.properties)) properties[name] = byDefault
  for (const name of qdictOrder(Object.keys(rest))) {
    const property = model.properties[name]
    if (property === undefined) throw new OptionError(`Property '${driver}.${name}' not found`)
    properties[name] = integerOf(name, rest[name], property.bits)
  }
  return { driver, id: typeof id === 'string' ? id : undefined, properties } as BoardDevice
}

function integerOf(name: string, value: unknown, bits: number): number {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new OptionError(`Parameter '${name}' expects uint64`)
  const number = typeof value === 'string' ? parseInt64(value) : BigInt(Math.trunc(value))
  if (typeof number !== 'bigint') throw new OptionError(`Parameter '${name}' expects integer`)
  if (number < 0n || number >= 1n << BigInt(bits)) throw new OptionError(`Parameter '${name}' expects uint${bits}_t`)
  return Number(number)
}

function listOfModels(): string {
  const categories = [...new Set(Object.values(models).map(({ category }) => category))]
  const sections = categories.map((category) => {
    const lines = Object.entries(models)
      .filter(([, model]) => model.category === category)
      .map(([name, { bus, description }]) =>
        [`name "${name}"`, `bus ${bus}`, ...(description === undefined ? [] : [`desc "${description}"`])].join(', '),
      )
    return `${category} devices:\n${lines.join('\n')}\n`
  })
  return sections.join('\n')
}

function propertiesHelp(driver: string): string {
  const properties = Object.entries(models[driver]!.properties)
  if (properties.length === 0) return `There are no options for ${driver}.\n`
  const lines = properties.map(([name, { bits, byDefault }]) => {
    const left = `  ${name}=<uint${bits}>`
    return `${left.padEnd(24)} -  (default: ${byDefault})\n`
  })
  return `${driver} options:\n${lines.join('')}`
}
