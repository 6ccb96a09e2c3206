import { qdictOrder } from '../../hash/index.ts'
import { checkIdentifier, OptionError } from '../../keyval/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { deviceTypes } from '../device-types.ts'
import { deviceModels, modelNamed, pcModels } from '../devices.ts'
import type { DeviceModel } from '../model.ts'
import type { PropertyType, PropertyValue } from '../properties.ts'
import { absentBusOf } from './absent-models.ts'
import { type Bus, busOfKind, findBus, noBuses } from './pc-buses.ts'
import { complaintOfWholePart } from './whole-parts.ts'

/** What is said of a device: text, or what JSON holds. */
export type DeviceWords = Readonly<Record<string, unknown>>

/** How a device is asked for. */
export interface RequestForm {
  /** The machine is there already, and only what it can take then may come. */
  readonly hot: boolean
  /** Values have the types of JSON; else all of them are text. */
  readonly typed: boolean
}

/** The machine that a device is asked of. */
export interface RequestedMachine {
  /** Whether it is on its way elsewhere: it keeps its shape then. */
  readonly migrating?: () => boolean
  /** Its buses. */
  readonly buses: Bus
  /** Gives a device its place in the tree of objects. @throws {OptionError} in QEMU's words, if the id is taken */
  readonly name: (id: string | undefined) => string
  /** Looks what is named by a property that was said, before the next one is read. @throws {Error} in QEMU's words */
  readonly lookUp?: (said: SaidProperty) => void
}

/** A property of a device, as it was said. */
export interface SaidProperty {
  readonly model: DeviceModel
  readonly name: string
  readonly type: PropertyType
  readonly value: PropertyValue
}

/** A device that is asked for, every word understood. */
export interface DeviceRequest {
  readonly model: DeviceModel
  readonly id: string | undefined
  /** Its path in the tree of objects. */
  readonly path: string
  /** The bus that was asked for. */
  readonly bus: string | undefined
  /** The bus that it goes on. */
  readonly found: Bus
  /** Those that were said. */
  readonly properties: Readonly<Record<string, PropertyValue>>
}

/**
 * Reads what is said of a device, and complains in QEMU's order: identifier, model, bus, name, properties.
 *
 * @throws {OptionError} in QEMU's words
 */
export function readRequest(words: DeviceWords, form: RequestForm, machine: RequestedMachine): DeviceRequest {
  const { driver: said, id, bus, ...rest } = words
  const driver = typeof said === 'string' ? (modelNamed(said)?.name ?? said) : said
  const named = typeof id === 'string' ? id : undefined
  if (!form.typed && named !== undefined) checkIdentifier(named)
  if (typeof driver !== 'string') throw new OptionError("Parameter 'driver' is missing")
  const complaint = form.hot ? complaintOfWholePart(driver, rest) : undefined
  if (complaint !== undefined) throw new OptionError(complaint)
  const kind = kindOf(driver, form)
  const path = typeof bus === 'string' ? bus : undefined
  const found = path === undefined ? usualBus(machine.buses, kind) : findBus(machine.buses, path)
  if (found === undefined) throw new OptionError(`No '${kind}' bus found for device '${driver}'`)
  if (found.kind !== kind) throw new OptionError(`Device '${driver}' can't go on ${found.kind} bus`)
  if (form.hot && found.hotplugs !== true) throw new OptionError(`Bus '${found.name}' does not support hotplugging`)
  if (form.hot && machine.migrating?.() === true) throw new OptionError('device_add not allowed while migrating')
  const model = ownEntry(deviceModels, driver)
  if (model === undefined) throw new OptionError(`there is a ${driver} already, and this PC can have only one`)
  const request = {
    ...{ model, id: named, path: machine.name(named) },
    bus: path === undefined ? undefined : found.name,
    found,
    properties: read(model, named, rest, { ...form, lookUp: machine.lookUp }),
  }
  if (model.withoutPc !== undefined && machine.buses === noBuses) throw new OptionError(model.withoutPc)
  return request
}

/** The bus that a device goes on if nobody says. */
function usualBus(buses: Bus, kind: string): Bus | undefined {
  return kind === 'none' ? { name: '', kind, devices: [] } : busOfKind(buses, kind)
}

const notPluggable = "Parameter 'driver' expects a pluggable device type"

/** The kind of bus that a model needs. @throws {OptionError} in QEMU's words, if nobody can add such a device */
function kindOf(driver: string, { hot }: RequestForm): string {
  const model = ownEntry(deviceModels, driver) ?? ownEntry(pcModels, driver)
  if (model === undefined) {
    const absent = absentBusOf(driver)
    if (absent !== undefined) return absent
    const type = deviceTypes.find(({ name }) => name === driver)
    if (type?.abstract === true) throw new OptionError("Parameter 'driver' expects a non-abstract device type")
    if (type !== undefined) throw new OptionError(notPluggable)
    throw new OptionError(`'${driver}' is not a valid device model name`)
  }
  if (model.internal === true || (hot && model.hotplugs === false)) throw new OptionError(notPluggable)
  return model.bus
}

function read(
  model: DeviceModel,
  id: string | undefined,
  said: DeviceWords,
  { typed, lookUp }: RequestForm & { readonly lookUp: RequestedMachine['lookUp'] },
): DeviceRequest['properties'] {
  const { name: driver } = model
  const properties: Record<string, PropertyValue> = {}
  for (const name of qdictOrder(Object.keys(said))) {
    const type = ownEntry(model.properties, name)
    if (type === undefined) {
      if (ofEveryDevice.has(name)) throw new OptionError(`Property '${driver}.${name}' is not writable`)
      throw new OptionError(`Property '${driver}.${name}' not found`)
    }
    if (typed) type.requireType?.(name, said[name])
    const owner = ownerOf(model, name)
    const value = type.read(name, said[name], owner, owner === driver ? id : undefined)
    lookUp?.({ model, name, type, value })
    properties[name] = value
  }
  return properties
}

/** The part of a device that has a property. */
function ownerOf({ name, backend }: DeviceModel, property: string): string {
  return backend?.properties.split(/\s+/).includes(property) === true ? backend.type : name
}

/** What every device has, and nobody can say of one that is to come. */
const ofEveryDevice = new Set(['type', 'parent_bus', 'hotplugged', 'hotpluggable', 'legacy-addr'])
