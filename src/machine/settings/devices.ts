import type { DeviceIdentity, DevicePolicies, DriveDeviceConfig, GuestDeviceModel } from '../../block/index.ts'
import { usualVgaSlot, type VideoCard } from '../../board/index.ts'
import {
  busesOf,
  CarriedBusNames,
  checkBlockSizes,
  checkBootIndex,
  checkGeometry,
  DeviceNames,
  type DeviceRequest,
  type DeviceWords,
  type ExtraDevice,
  helpOfModel,
  isPluggable,
  type LastingDevice,
  listOfModels,
  modelNamed,
  noBuses,
  type OnBuses,
  PciSlots,
  type PlacedDevice,
  type PlannedDevice,
  type PlannedNetwork,
  pcBuses,
  planDevice,
  readRequest,
  requireDefaults,
  usableDriveProperties,
} from '../../devices/index.ts'
import { OptionError, parseOptionList } from '../../keyval/index.ts'
import type { Asked, SerialDevice, WishedDevice } from '../config.ts'
import { ConfigError, meant } from '../config-error.ts'
import { type CardWish, planCard } from './cards.ts'
import { checkFloppyBlocks } from './floppy-blocks.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'
import { planOwnDevice } from './own-devices.ts'
import { type SerialPorts, serialDeviceOf } from './serial-device.ts'
import { videoCardOf } from './video-card.ts'

/** A device as it was asked for, or the help that was asked for instead. */
export type DeviceWish = { readonly words: DeviceWords; readonly help?: undefined } | { readonly help: string }

/** What devices are added to. */
export interface DeviceSurroundings {
  readonly machine: 'pc' | 'none'
  /** Whether there is a VGA card already. */
  readonly vga: boolean
  readonly acpi: boolean
  /** Network cards that are the machine's own. */
  readonly cards: readonly CardWish[]
  /** What else was said of a model. */
  readonly withGlobals: (words: DeviceWords) => DeviceWords
  readonly serialPorts: SerialPorts
  /** Labels of the character devices behind the machine's own parallel ports. */
  readonly parallel: readonly string[]
  /** The type of an object that was asked for; undefined if there is none of that id. */
  readonly objectType: (id: string) => string | undefined
  readonly network: PlannedNetwork
  /** Looks whether a device may have a folder of the host's. @throws {OptionError} in QEMU's words */
  readonly checkFolder: (id: string | undefined) => void
}

/** The devices that a machine is to have beside its own: those on the board, and those that have a drive. */
export interface WishedDevices {
  readonly videoCard: VideoCard | undefined
  readonly serialDevices: readonly SerialDevice[]
  readonly cards: readonly PlannedDevice[]
  readonly parallel: readonly PlannedDevice[]
  readonly devices: readonly (ExtraDevice & Asked)[]
  readonly driveDevices: readonly (DriveDeviceConfig & Asked)[]
  /** Those that the board has as its own. */
  readonly lastingDevices: readonly LastingDevice[]
  readonly wished: readonly WishedDevice[]
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
  const help = list.help && driver !== undefined ? helpOfModel(driver) : undefined
  if (help !== undefined) return { help }
  return { words: list.toRecord() }
}

/**
 * The devices that were asked for.
 *
 * @throws {ConfigError} if there is no such device, or it cannot be as it is asked for
 */
export function devicesOf(wishes: readonly Wish[], surroundings: DeviceSurroundings): WishedDevices {
  const wished = new Wished(surroundings)
  for (const wish of wishes) {
    const { origin } = wish
    try {
      wished.add(wish)
    } catch (error) {
      if (error instanceof OptionError) throw ConfigError.at(origin, error.message, error)
      throw error
    }
  }
  return wished
}

/** What is taken of the PCI bus by what the machine has by default. */
export function takenSlots({ vga, acpi }: Pick<DeviceSurroundings, 'vga' | 'acpi'>): PciSlots {
  const slots = new PciSlots({ acpi })
  if (vga) slots.take({ slot: usualVgaSlot, function: 0 }, { name: 'VGA' })
  return slots
}

/** A device that was asked for, with what is said of all of its kind. */
interface Wish {
  readonly words: DeviceWords
  readonly origin: string
  readonly json: boolean
  /** What stands before what is wrong with its drive, if that is said for all of its kind. */
  readonly driveSaidFor: string | undefined
}

class Wished implements WishedDevices {
  videoCard: VideoCard | undefined
  readonly cards: readonly PlannedDevice[]
  readonly parallel: readonly PlannedDevice[]
  readonly serialDevices: SerialDevice[] = []
  readonly devices: (ExtraDevice & Asked)[] = []
  readonly driveDevices: (DriveDeviceConfig & Asked)[] = []
  readonly lastingDevices: LastingDevice[] = []
  readonly wished: WishedDevice[] = []
  readonly #surroundings: DeviceSurroundings
  readonly #slots: PciSlots
  readonly #names = new DeviceNames()
  readonly #busNames = new CarriedBusNames()
  readonly #ids = new Set<string>()

  constructor(surroundings: DeviceSurroundings) {
    this.#surroundings = surroundings
    this.#slots = takenSlots(surroundings)
    const among = { slots: this.#slots, network: surroundings.network, withGlobals: surroundings.withGlobals }
    this.cards = meant(() => surroundings.cards.map((card) => planCard(card, among)))
    const ports: PlannedDevice[] = []
    for (const chardev of surroundings.parallel) {
      const words = { driver: 'isa-parallel', chardev }
      ports.push(meant(() => planOwnDevice(words, { ...among, others: ports.map(withoutPath) })))
    }
    this.parallel = ports
  }

  /** @throws {OptionError} if there is no such device, or it cannot be as it is asked for */
  add({ words, origin, json, driveSaidFor }: Wish): void {
    const { machine, vga, acpi } = this.#surroundings
    const { id } = words
    const said = driveSaidFor === undefined ? {} : { backendSaidBy: driveSaidFor }
    if (!json && typeof id === 'string') {
      if (this.#ids.has(id)) throw new OptionError(`Duplicate ID '${id}' for device`)
      this.#ids.add(id)
    }
    const request = readRequest(
      words,
      { hot: false, typed: json },
      {
        buses: machine === 'none' ? noBuses : pcBuses(this.#onBuses(), { vga, acpi }),
        name: (wanted) => this.#names.take(wanted),
      },
    )
    checkBootIndex(
      request.properties,
      [...this.cards, ...this.wished].map(({ properties }) => properties),
    )
    const { model, path } = request
    this.wished.push({ model: model.name, id: request.id, path, properties: request.properties })
    if (isPluggable(model.name)) {
      const planned = planDevice(request, {
        slots: this.#slots,
        ...{ others: [...this.parallel.map(withoutPath), ...this.devices], busNames: this.#busNames },
        useChardev: this.#surroundings.serialPorts.use,
        objectType: this.#surroundings.objectType,
        network: this.#surroundings.network,
        checkFolder: this.#surroundings.checkFolder,
        hot: false,
      })
      this.devices.push({ ...planned, path, origin })
      const ofDrive = driveDeviceOf({ ...planned, path })
      if (ofDrive !== undefined) this.#addDriveDevice({ ...ofDrive, ...said }, origin)
      return
    }
    this.lastingDevices.push({ path, type: model.name, bus: request.bus ?? model.bus })
    if (model.name === 'VGA') this.#addVideoCard(request)
    else if (model.name === 'isa-serial') this.#addSerialPort(request)
    else this.#addDriveDevice({ ...ownDriveDevice(request), ...said }, origin)
  }

  #onBuses(): OnBuses {
    return [
      ...[...this.cards, ...this.parallel].map(({ model, id, place }) => ({ type: model, id, bus: place.bus })),
      ...this.devices.map((device) => {
        const { model, id, place } = device
        return { type: model, id, bus: place.bus, buses: busesOf(device, this.devices) }
      }),
      ...this.lastingDevices.map(({ path, type, bus }) => ({ type, bus, id: path.split('/').at(-1) })),
    ].reverse()
  }

  #addVideoCard({ model, id, properties }: DeviceRequest): void {
    const other = this.#surroundings.vga || this.videoCard !== undefined
    this.videoCard = videoCardOf(model, properties, { id, other, slots: this.#slots })
  }

  #addSerialPort({ model, properties }: DeviceRequest): void {
    const { taken, use } = this.#surroundings.serialPorts
    const ports = [...taken, ...this.serialDevices.map(({ port }) => port)]
    this.serialDevices.push(serialDeviceOf(model, properties, { taken: ports, use }))
  }

  #addDriveDevice(device: DriveDeviceConfig, origin: string): void {
    this.driveDevices.push({ ...device, origin })
  }
}

/** Nothing is plugged into it, and so nobody looks for it by its path. */
function withoutPath(device: PlannedDevice): PlacedDevice {
  return { ...device, path: '' }
}

/** The drive of a device that is on a bus of its own; undefined for one that has none. */
export function driveDeviceOf({ model, id, path, properties }: ExtraDevice): DriveDeviceConfig | undefined {
  const part = modelNamed(model)?.driveOwner
  if (part === undefined) return undefined
  const position = { bus: undefined, unit: undefined }
  const owner = part === 'itself' ? (id ?? path) : `${path}/${part}`
  return { ...driveOf(properties), model: model as GuestDeviceModel, path: owner, position }
}

function ownDriveDevice({ model, bus, id, path, properties }: DeviceRequest): DriveDeviceConfig {
  const { unit } = properties
  checkBlockSizes(properties)
  if (model.name === 'floppy') checkFloppyBlocks(properties)
  else checkGeometry(properties)
  requireDefaults(model.name, model, unusable(properties))
  return {
    ...driveOf(properties),
    model: model.name as GuestDeviceModel,
    path: id ?? path,
    position: {
      bus: bus === undefined ? undefined : Number(bus.slice(bus.lastIndexOf('.') + 1)),
      unit: typeof unit === 'number' && unit <= 0x7fff_ffff ? unit : undefined,
    },
  }
}

function driveOf(properties: DeviceRequest['properties']): Omit<DriveDeviceConfig, 'model' | 'path' | 'position'> {
  const { drive, bootindex } = properties
  return {
    backend: drive === undefined || drive === '' ? undefined : String(drive),
    ...(typeof bootindex === 'number' && bootindex >= 0 && { bootIndex: bootindex }),
    identity: identityOf(properties),
    policies: policiesOf(properties),
  }
}

function identityOf({ serial, model, 'drive-type': floppyType }: DeviceRequest['properties']): DeviceIdentity {
  return {
    ...(serial !== undefined && { serial: String(serial) }),
    ...(model !== undefined && { model: String(model) }),
    ...(floppyType !== undefined &&
      floppyType !== 'auto' && { floppyType: String(floppyType) as NonNullable<DeviceIdentity['floppyType']> }),
  }
}

/** What says `auto` is as the drive was made. Reads find no disk full: `enospc` reports what fails. */
function policiesOf(properties: DeviceRequest['properties']): DevicePolicies {
  const said = (name: string): string | undefined => {
    const value = properties[name]
    return value === undefined || value === 'auto' ? undefined : String(value)
  }
  const rerror = said('rerror')
  const werror = said('werror')
  const cache = said('write-cache')
  const invalid = said('account-invalid')
  const failed = said('account-failed')
  return {
    ...(rerror !== undefined && {
      onReadError: (rerror === 'enospc' ? 'report' : rerror) as NonNullable<DevicePolicies['onReadError']>,
    }),
    ...(werror !== undefined && { onWriteError: werror as NonNullable<DevicePolicies['onWriteError']> }),
    ...(cache !== undefined && { writeback: cache === 'on' }),
    accounts: {
      ...(invalid !== undefined && { invalid: invalid === 'on' }),
      ...(failed !== undefined && { failed: failed === 'on' }),
    },
    sharesWrites: properties['share-rw'] === true,
  }
}

const usable = new Set<string>([
  ...usableDriveProperties,
  ...['unit', 'bootindex', 'serial', 'model', 'rerror', 'werror', 'drive-type'],
])

/** What of a drive's properties can only be what it is. */
function unusable(properties: DeviceRequest['properties']): DeviceRequest['properties'] {
  const isUsual = (name: string, value: unknown): boolean => name.endsWith('_block_size') && value === 512
  return Object.fromEntries(
    Object.entries(properties).filter(([name, value]) => !usable.has(name) && !isUsual(name, value)),
  )
}
