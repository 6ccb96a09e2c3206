import type { DriveSet } from '../../block/index.ts'
import {
  type Balloon,
  BusObject,
  type CarriedPlace,
  DeviceObject,
  deviceModels,
  type ExtraDevice,
  isCarried,
  isPluggable,
  namedObjects,
  type ShownDevices,
  settledProperties,
} from '../../devices/index.ts'
import { QmpError } from '../../qapi/index.ts'
import type { ClassAccess, ObjectTree } from '../../qom/index.ts'
import type { MachineConfig, WishedDevice } from '../config.ts'
import { serialProperties, vgaProperties } from '../pc-devices.ts'
import { addBackend, backendLinks } from './backend-objects.ts'
import { driveProperties } from './drive-properties.ts'
import { addParts, type PcObjects } from './pc-objects.ts'

/** Adds the devices that were asked for, in their order. */
export function addWishedObjects(tree: ObjectTree, config: MachineConfig, { drives, ...about }: Living): void {
  for (const wished of config.wished) {
    const extra = config.devices.find(({ path }) => path === wished.path)
    const placed = { ...wished, place: extra?.place, brings: extra?.brings }
    addDeviceObject(tree, placed, { ...about, drives, properties: propertiesOf(wished, config, drives) })
  }
}

/** What objects show of living parts. */
interface Living {
  readonly pc: PcObjects
  readonly balloon: Balloon
  readonly drives: DriveSet
}

/** With the place that it has, if it is no part of the PC. */
type PlacedDevice = WishedDevice & {
  readonly place: ExtraDevice['place'] | undefined
  readonly brings?: string | undefined
}

/** Keeps the tree as devices come and go. */
export function shownDevices(tree: ObjectTree, living: Living): ShownDevices {
  return {
    typeAt: (path) => {
      const object = path.startsWith('/') ? tree.find(path) : undefined
      return object instanceof DeviceObject ? object.type : undefined
    },
    has: (path) => tree.find(path) !== undefined,
    came: (device) =>
      addDeviceObject(tree, device, {
        ...living,
        properties: placeProperties(device, living.drives),
        hotplugged: true,
      }),
    gone: ({ path }) => {
      const object = tree.find(path)
      if (object instanceof DeviceObject) object.vanish()
    },
  }
}

/** What is true of a device beside what was said of it. */
interface Circumstances extends Living {
  readonly properties: Readonly<Record<string, unknown>>
  readonly hotplugged?: boolean
}

/** Adds a device to the tree, and to its bus. @throws {QmpError} in QEMU's words, if there is one of its name */
function addDeviceObject(tree: ObjectTree, wished: PlacedDevice, about: Circumstances): void {
  const { pc, balloon, properties, hotplugged = false } = about
  const model = deviceModels[wished.model]!
  const { place, brings } = wished
  const carrier = place !== undefined && isCarried(place) ? carriedBus(tree, place) : undefined
  const device: DeviceObject = new DeviceObject(tree.types, model, {
    id: wished.id,
    ...(model.bus !== 'none' && { bus: carrier ?? pc.bus(busOf(model.bus, properties)) }),
    hotPluggable: model.hotplugs !== false && model.bus !== 'ISA' && model.bus !== 'none' && isPluggable(model.name),
    properties: { ...wished.properties, ...properties },
    access: {
      ...(model === deviceModels['virtio-balloon-pci'] && balloonAccess(balloon)),
      ...backendLinks(model, () => device),
      ...objectLinks(tree, wished),
    },
    hotplugged,
  })
  const cut = wished.path.lastIndexOf('/')
  tree.add(wished.path.slice(0, cut), wished.path.slice(cut + 1), device)
  addParts(tree, device, pc.bus('sysbus') as BusObject, hotplugged)
  addBackend(device, model, { types: tree.types, brings, hotplugged })
}

/** The bus of a place, which another device has brought. */
function carriedBus(tree: ObjectTree, { carrier, name }: CarriedPlace): BusObject | undefined {
  const bus = tree.find(`${carrier}/virtio-backend/${name}`)
  return bus instanceof BusObject ? bus : undefined
}

/** The objects that a device's properties name, as long as users have them: one that comes later by the name is another. */
function objectLinks(tree: ObjectTree, device: PlacedDevice): Readonly<Record<string, ClassAccess>> {
  const named = (id: string) => tree.folder('objects')?.component(id)
  return Object.fromEntries(
    namedObjects(device).map(([property, id]) => {
      const object = named(id)
      return [property, { target: () => (named(id) === object ? object : undefined) }]
    }),
  )
}

/** What can be asked of a balloon while it is there. */
function balloonAccess(balloon: Balloon): Readonly<Record<string, ClassAccess>> {
  return {
    'guest-stats': { get: () => balloon.statistics },
    'guest-stats-polling-interval': {
      get: () => balloon.interval,
      set: (value) => balloon.pollEvery(wholeNumber('guest-stats-polling-interval', value)),
    },
  }
}

function wholeNumber(name: string, value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number)) return number
  throw new QmpError('GenericError', `Invalid parameter type for '${name}', expected: integer`)
}

/** What was found for it: its place on its bus, a card's address, and what follows from that. */
function placeProperties(
  { id, path, model, place, properties }: ExtraDevice,
  drives: DriveSet,
): Readonly<Record<string, unknown>> {
  const { settled, realized, driveOwner, findPlace } = deviceModels[model]!
  const owner = driveOwner === 'itself' ? (id ?? path) : `${path}/${driveOwner}`
  const drive = [...drives].find(({ device }) => device?.path === owner)
  const found = realized?.(properties, drive?.medium)
  if (model === 'scsi-hd' || model === 'scsi-cd')
    return { ...properties, ...settledProperties(model, properties, drive?.id ?? ''), ...found }
  if (isCarried(place) || findPlace !== undefined) return properties
  const { mac, romfile, romsize, guid } = properties
  return {
    ...settled,
    ...found,
    ...(place.bus === 'PCI' && { addr: place.slot * 8 + place.function }),
    ...(guid !== undefined && { guid }),
    ...(mac !== undefined && { mac, romsize, ...(romfile !== undefined && { romfile }) }),
  }
}

function busOf(kind: string, { channel }: Circumstances['properties']): string {
  if (kind === 'IDE') return `ide.${String(channel)}`
  return { PCI: 'pci.0', ISA: 'isa.0', 'floppy-bus': 'floppy-bus.0' }[kind] ?? kind
}

/** What became of a device's properties that were not said. */
function propertiesOf(
  wished: WishedDevice,
  config: MachineConfig,
  drives: DriveSet,
): Readonly<Record<string, unknown>> {
  const { model, id, path } = wished
  const extra = config.devices.find((device) => device.path === path)
  if (extra !== undefined && isCarried(extra.place)) return placeProperties(extra, drives)
  const drive = [...drives].find(({ device }) => device !== undefined && device.path === (id ?? path))
  if (drive !== undefined) return { ...driveProperties(drive), channel: drive.device?.place.bus }
  if (extra !== undefined) return placeProperties(extra, drives)
  if (model === 'VGA') return { ...vgaProperties, ...wished.properties, addr: (config.videoCard?.slot ?? 2) * 8 }
  if (model === 'isa-serial') {
    const nth = config.wished.filter((other) => other.model === model).indexOf(wished)
    const { port, chardev } = config.serialDevices[nth]!
    return serialProperties(port, chardev)
  }
  return {}
}
