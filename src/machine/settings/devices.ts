import type { DeviceIdentity, DevicePolicies, DriveDeviceConfig, GuestDeviceModel } from '../../block/index.ts'
import type { BoardDevice } from '../../board/index.ts'
import { qdictOrder } from '../../hash/index.ts'
import { checkIdentifier, OptionError, parseOptionList } from '../../keyval/index.ts'
import type { Asked } from '../config.ts'
import { ConfigError } from '../config-error.ts'
import { deviceModels, driveModels, pcBuses } from './device-models.ts'
import { type PropertyValue, propertyLine } from './device-properties.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'

/** What an option says of a device: text, or what JSON holds. */
export type DeviceWords = Readonly<Record<string, unknown>>

/** A device as it was asked for, or the help that was asked for instead. */
export type DeviceWish = { readonly words: DeviceWords; readonly help?: undefined } | { readonly help: string }

/** The devices that a machine is to have beside its own: those on the board, and those that have a drive. */
export interface WishedDevices {
  readonly devices: readonly BoardDevice[]
  readonly driveDevices: readonly (DriveDeviceConfig & Asked)[]
}

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
  if (list.help && driver !== undefined && Object.hasOwn(deviceModels, driver)) return { help: propertiesHelp(driver) }
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
): WishedDevices {
  const devices: BoardDevice[] = []
  const driveDevices: (DriveDeviceConfig & Asked)[] = []
  const ids = new Set<string>()
  const bootIndexes = new Set<number>()
  let unnamed = 0
  for (const { words, origin } of wishes) {
    try {
      const { driver, id, bus, properties } = understood(words, machine)
      if (id !== undefined && ids.has(id)) throw new OptionError(`Duplicate ID '${id}' for device`)
      if (driver === 'pvpanic' && devices.some((other) => other.driver === 'pvpanic'))
        throw new OptionError('duplicate fw_cfg file name: etc/pvpanic-port')
      if (id !== undefined) ids.add(id)
      const path = id ?? `/machine/peripheral-anon/device[${unnamed++}]`
      if (!isDriveModel(driver)) {
        devices.push({ driver, id, properties } as BoardDevice)
        continue
      }
      const device = driveDeviceOf(driver, path, bus, properties)
      if (device.bootIndex !== undefined && bootIndexes.has(device.bootIndex))
        throw new OptionError(`The bootindex ${device.bootIndex} has already been used`)
      if (device.bootIndex !== undefined) bootIndexes.add(device.bootIndex)
      driveDevices.push({ ...device, origin })
    } catch (error) {
      if (error instanceof OptionError) throw ConfigError.at(origin, error.message, error)
      throw error
    }
  }
  return { devices, driveDevices }
}

interface Understood {
  readonly driver: string
  readonly id: string | undefined
  readonly bus: string | undefined
  /** Those that were said; for devices on the board also the others. */
  readonly properties: Readonly<Record<string, PropertyValue>>
}

function understood(words: DeviceWords, machine: 'pc' | 'none'): Understood {
  const { driver, id, bus, ...rest } = words
  if (driver === undefined) throw new OptionError("Parameter 'driver' is missing")
  if (typeof driver !== 'string' || !Object.hasOwn(deviceModels, driver))
    throw new OptionError(`'${String(driver)}' is not a valid device model name`)
  const model = deviceModels[driver]!
  if (bus === undefined && machine === 'none')
    throw new OptionError(`No '${model.bus}' bus found for device '${driver}'`)
  if (bus !== undefined) {
    const kind = machine === 'pc' ? pcBuses[String(bus)] : undefined
    if (kind === undefined) throw new OptionError(`Bus '${String(bus)}' not found`)
    if (kind !== model.bus) throw new OptionError(`Device '${driver}' can't go on ${kind} bus`)
  }
  if (typeof id === 'string') checkIdentifier(id)
  const properties: Record<string, PropertyValue> = {}
  if (!isDriveModel(driver))
    for (const [name, { byDefault }] of Object.entries(model.properties)) properties[name] = Number(byDefault)
  for (const name of qdictOrder(Object.keys(rest))) {
    const property = model.properties[name]
    if (property === undefined) throw new OptionError(`Property '${driver}.${name}' not found`)
    properties[name] = property.read(name, rest[name])
  }
  return {
    driver,
    id: typeof id === 'string' ? id : undefined,
    bus: bus === undefined ? undefined : String(bus),
    properties,
  }
}

function isDriveModel(driver: string): driver is GuestDeviceModel {
  return Object.hasOwn(driveModels, driver)
}

function driveDeviceOf(
  model: GuestDeviceModel,
  path: string,
  bus: string | undefined,
  properties: Understood['properties'],
): DriveDeviceConfig {
  const { drive, unit, bootindex } = properties
  return {
    model,
    path,
    backend: drive === undefined || drive === '' ? undefined : String(drive),
    position: {
      bus: bus === undefined ? undefined : Number(bus.slice(bus.lastIndexOf('.') + 1)),
      unit: typeof unit === 'number' && unit <= 0x7fff_ffff ? unit : undefined,
    },
    ...(typeof bootindex === 'number' && bootindex >= 0 && { bootIndex: bootindex }),
    identity: identityOf(properties),
    policies: policiesOf(properties),
  }
}

function identityOf({ serial, model }: Understood['properties']): DeviceIdentity {
  return {
    ...(serial !== undefined && { serial: String(serial) }),
    ...(model !== undefined && { model: String(model) }),
  }
}

/** What says `auto` is as the drive was made. Reads find no disk full: `enospc` reports what fails. */
function policiesOf(properties: Understood['properties']): DevicePolicies {
  const said = (name: string): string | undefined => {
    const value = properties[name]
    return value === undefined || value === 'auto' ? undefined : String(value)
  }
  const rerror = said('rerror')
  const werror = said('werror')
  const cache = said('write-cache')
  return {
    ...(rerror !== undefined && {
      onReadError: (rerror === 'enospc' ? 'report' : rerror) as NonNullable<DevicePolicies['onReadError']>,
    }),
    ...(werror !== undefined && { onWriteError: werror as NonNullable<DevicePolicies['onWriteError']> }),
    ...(cache !== undefined && { writeback: cache === 'on' }),
    sharesWrites: properties['share-rw'] === true,
  }
}

function listOfModels(): string {
  const categories = [...new Set(Object.values(deviceModels).map(({ category }) => category))]
  const sections = categories.map((category) => {
    const lines = Object.entries(deviceModels)
      .filter(([, model]) => model.category === category)
      .map(([name, { bus, description }]) =>
        [`name "${name}"`, `bus ${bus}`, ...(description === undefined ? [] : [`desc "${description}"`])].join(', '),
      )
    return `${category} devices:\n${lines.join('\n')}\n`
  })
  return sections.join('\n')
}

function propertiesHelp(driver: string): string {
  const properties = Object.entries(deviceModels[driver]!.properties)
  if (properties.length === 0) return `There are no options for ${driver}.\n`
  return `${driver} options:\n${properties.map(([name, type]) => propertyLine(name, type)).join('')}`
}
