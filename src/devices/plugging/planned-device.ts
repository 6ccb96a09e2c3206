import type { BootPlace, DevicePlace, DeviceProperties } from '../../board/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { modelNamed } from '../devices.ts'
import type { DeviceModel } from '../model.ts'
import { defaultValue, objectIdOf, type PropertyValue, requireDefaults, type WantedObject } from '../properties.ts'
import { bootIndexOf } from './boot-index.ts'
import {
  type CarriedBusNames,
  type CarriedPlace,
  carriedPlace,
  isCarried,
  neighboursOf,
  type PlacedDevice,
} from './carried-bus.ts'
import type { DeviceRequest } from './device-request.ts'
import type { PciSlots } from './pci-slots.ts'
import { PlugError } from './plug-error.ts'
import { checkRomSize, romProperties } from './rom-properties.ts'

/** A device of one of the models, in a place of its own. */
export interface PlannedDevice {
  readonly model: string
  readonly id: string | undefined
  /** All that the model has; those of them without a value are absent. */
  readonly properties: DeviceProperties
  readonly place: DevicePlace | CarriedPlace
  /** The bus that it brings, by its name. */
  readonly brings?: string
  /** Label of the character device that is behind it. */
  readonly chardev?: string
  /** When the firmware tries to boot from it, and where it finds it. */
  readonly boot?: BootPlace
  /** Why it cannot come while the machine is there: found out when what is behind it works already. */
  readonly refused?: OptionError
}

/** What a device is planned among. */
export interface PlanSurroundings {
  readonly slots: PciSlots
  /** Those that there are already, in the order in which they came. */
  readonly others: readonly PlacedDevice[]
  readonly busNames: CarriedBusNames
  /**
   * Takes a character device for the use of a device.
   *
   * @param property - that names it, with its model
   * @throws {OptionError} in QEMU's words, if there is none, or it has a user
   */
  readonly useChardev: (label: string, property: string) => void
  /** The type of an object that a user has made; undefined if there is none of that id. */
  readonly objectType: (id: string) => string | undefined
  readonly network: PlannedNetwork
  /** Looks whether a device may have a folder of the host's. @throws {OptionError} in QEMU's words */
  readonly checkFolder: (id: string | undefined) => void
  readonly hot: boolean
}

/** What cards are planned among. */
export interface PlannedNetwork {
  /**
   * Takes a back end of the network for the use of a card.
   *
   * @param property - that names it, with its model
   * @throws {OptionError} in QEMU's words, if there is none, or it has a card
   */
  readonly use: (netdev: string, property: string) => void
  /** The address of a card: the one that was said, or the next that is free. */
  readonly takeMac: (said: string | undefined) => string
  /** How long the file of a boot loader is; undefined, if there is none. */
  readonly romBytes: (file: string) => number | undefined
}

/**
 * Finds a place for a device that is asked for, and takes it.
 *
 * @throws {OptionError} if the board cannot have the device so
 */
export function planDevice(
  { model, id, properties: said, found }: DeviceRequest,
  among: PlanSurroundings,
): PlannedDevice {
  for (const [property, { object }] of Object.entries(model.properties))
    if (object !== undefined) checkObject(property, object, { value: said[property], objectType: among.objectType })
  const chardev = chardevOf(model, said, among)
  for (const [property, { sharesFolder }] of Object.entries(model.properties))
    if (sharesFolder === true) among.checkFolder(said[property] as string | undefined)
  model.check?.(said)
  requireDefaults(model.name, model, pickNames(said, model.fixed ?? []))
  const place =
    found.carrier === undefined ? placeOf({ model, id, said }, among) : carriedPlace(model, found, found.carrier)
  try {
    if (model.onlyOne !== undefined && among.others.some((other) => other.model === model.name))
      throw new OptionError(model.onlyOne)
    const settled = model.findPlace?.(said, neighboursOf(place, among.others))
    const boot = bootPlaceOf(model, place, { ...said, ...settled }, among.others)
    const card = cardProperties(model, said, among)
    const { rom, refused } = place.bus === 'PCI' ? lastOf(model, said, among) : {}
    return {
      model: model.name,
      id,
      properties: { ...withDefaults(model, said), ...rom, ...card, ...model.settled, ...settled },
      place,
      ...(refused !== undefined && { refused }),
      ...(model.carries !== undefined && { brings: among.busNames.nameFor(model.carries, id) }),
      ...(chardev !== undefined && { chardev }),
      ...(boot !== undefined && { boot }),
    }
  } catch (error) {
    if (place.bus === 'PCI') among.slots.release(place)
    throw error
  }
}

/** Where the firmware finds what it is to boot from, if it is to. */
function bootPlaceOf(
  { bootName, bootUnit }: DeviceModel,
  place: PlannedDevice['place'],
  properties: DeviceProperties,
  others: readonly PlacedDevice[],
): BootPlace | undefined {
  const index = bootIndexOf(properties)
  if (index === undefined) return undefined
  if (!isCarried(place)) {
    const path = firmwarePath(bootName, place)
    return path === undefined ? undefined : { index, path }
  }
  const carrier = others.find(({ path }) => path === place.carrier)
  if (carrier === undefined || isCarried(carrier.place) || bootUnit === undefined) return undefined
  const path = firmwarePath(modelNamed(carrier.model)?.bootName, carrier.place)
  return path === undefined ? undefined : { index, path: path + bootUnit(properties) }
}

function firmwarePath(bootName: DeviceModel['bootName'], place: DevicePlace): string | undefined {
  if (bootName === undefined || place.bus !== 'PCI') return undefined
  const [before, behind] = bootName
  const where = `${place.slot.toString(16)}${place.function === 0 ? '' : `,${place.function.toString(16)}`}`
  return `/pci@i0cf8/${before}${where}${behind}`
}

type Said = DeviceRequest['properties']

function placeOf(
  { model, id, said }: { readonly model: DeviceModel; readonly id: string | undefined; readonly said: Said },
  { slots, hot }: PlanSurroundings,
): DevicePlace {
  if (model.bus === 'none') return { bus: 'none' }
  if (model.bus !== 'PCI') return { bus: 'ISA' }
  const { addr, multifunction } = said
  checkPci(model, said)
  const place = typeof addr === 'number' && addr >= 0 ? slots.place(addr) : slots.free(model.name)
  slots.take(place, { name: model.name, id, multifunction: multifunction === true }, { hot })
  return { bus: 'PCI', ...place, id }
}

/** @throws {OptionError} in QEMU's words, if a property names an object that is not there, or one of another kind */
export function checkObject(
  property: string,
  { called, types }: WantedObject,
  { value, objectType }: { readonly value: PropertyValue | undefined } & Pick<PlanSurroundings, 'objectType'>,
): void {
  const id = objectIdOf(value)
  if (id === undefined) return
  const type = objectType(id)
  if (type === undefined) throw new PlugError(`Device '${value}' not found`, 'DeviceNotFound')
  if (!types.includes(type)) throw new OptionError(`Invalid parameter type for '${property}', expected: ${called}`)
}

function chardevOf({ name, properties }: DeviceModel, said: Said, among: PlanSurroundings): string | undefined {
  for (const [property, { chardev }] of Object.entries(properties)) {
    if (chardev === undefined) continue
    const label = said[property] ?? ''
    if (label !== '') {
      among.useChardev(String(label), `${chardev.owner ?? name}.${property}`)
      return String(label)
    }
    if (chardev.missing !== undefined) throw new OptionError(chardev.missing)
  }
  return undefined
}

/** A card has an address, whether one was said or not. */
function cardProperties(
  { name, properties }: DeviceModel,
  said: Said,
  { network }: PlanSurroundings,
): DeviceProperties {
  const backend = properties['netdev']?.netdev
  if (backend === undefined) return {}
  const { netdev, mac } = said
  if (netdev !== undefined) network.use(String(netdev), `${backend.owner ?? name}.netdev`)
  return { mac: network.takeMac(mac === undefined ? undefined : String(mac)) }
}

/** Numbers of more than that ACPI has not. */
const mostAcpiIndex = 16383

/**
 * Looks whether a device can have what was said of what every PCI device has.
 *
 * @throws {OptionError}
 */
function checkPci(model: DeviceModel, said: Said): void {
  const { 'acpi-index': index = 0 } = said
  if (Number(index) > mostAcpiIndex) throw new OptionError(`acpi-index should be less or equal to ${mostAcpiIndex}`)
  requireDefaults(model.name, model, pickNames(said, ['acpi-index']))
  checkRomSize(said)
}

/**
 * What QEMU looks at when what is behind a PCI device works already. What is about PCI Express changes nothing on this bus,
 * as with QEMU; only network cards have a ROM.
 *
 * @returns what is in its ROM, or why the device cannot come while the machine is there
 * @throws {OptionError} if it cannot be there from the start
 */
function lastOf(
  model: DeviceModel,
  said: Said,
  { hot, network }: PlanSurroundings,
): { readonly rom?: DeviceProperties; readonly refused?: OptionError } {
  try {
    if (said['failover_pair_id'] !== undefined)
      throw new OptionError('failover primary device must be on PCIExpress bus')
    const rom = romProperties(model, said, { hot, byteLengthOf: network.romBytes })
    if (model.properties['netdev']?.netdev !== undefined) return { rom }
    const { romfile = '' } = said
    if (romfile !== '') requireDefaults(model.name, model, { romfile })
    return {}
  } catch (error) {
    if (!hot || !(error instanceof OptionError)) throw error
    return { refused: error }
  }
}

function pickNames(properties: Said, names: readonly string[]): Said {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name)))
}

/** What was said, with what holds where nothing was. */
function withDefaults({ properties }: DeviceModel, said: Said): DeviceProperties {
  const all: Record<string, PropertyValue> = {}
  for (const [name, type] of Object.entries(properties)) {
    const value = said[name] ?? type.draw?.() ?? defaultValue(type)
    if (value !== undefined) all[name] = value
  }
  return all
}
