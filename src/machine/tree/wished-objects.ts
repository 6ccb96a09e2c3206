import type { DriveSet } from '../../block/index.ts'
import {
  type Balloon,
  type BusObject,
  DeviceObject,
  deviceModels,
  type ExtraDevice,
  isPluggable,
  type ShownDevices,
} from '../../devices/index.ts'
import { QmpError } from '../../qapi/index.ts'
import type { ClassAccess, ObjectTree } from '../../qom/index.ts'
import type { MachineConfig, WishedDevice } from '../config.ts'
import { serialProperties, vgaProperties } from '../pc-devices.ts'
import { driveProperties } from './drive-properties.ts'
import { addParts, type PcObjects } from './pc-objects.ts'

/** Adds the devices that were asked for, in their order. */
export function addWishedObjects(
  tree: ObjectTree,
  config: MachineConfig,
  { drives, ...about }: Living & { readonly drives: DriveSet },
): void {
  for (const wished of config.wished)
    addDeviceObject(tree, wished, { ...about, properties: propertiesOf(wished, config, drives) })
}

/** What objects show of living parts. */
interface Living {
  readonly pc: PcObjects
  readonly balloon: Balloon
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
      addDeviceObject(tree, device, { ...living, properties: placeProperties(device), hotplugged: true }),
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
function addDeviceObject(tree: ObjectTree, wished: WishedDevice, about: Circumstances): void {
  const { pc, balloon, properties, hotplugged = false } = about
  const model = deviceModels[wished.model]!
  const device = new DeviceObject(tree.types, model, {
    id: wished.id,
    bus: pc.bus(busOf(model.bus, properties)),
    hotPluggable: model.hotplugs !== false && model.bus === 'PCI' && isPluggable(model.name),
    properties: { ...wished.properties, ...properties },
    ...(model === deviceModels['virtio-balloon-pci'] && { access: balloonAccess(balloon) }),
    hotplugged,
  })
  const cut = wished.path.lastIndexOf('/')
  tree.add(wished.path.slice(0, cut), wished.path.slice(cut + 1), device)
  addParts(tree, device, pc.bus('sysbus') as BusObject)
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

/** What was found for it: its place on its bus, and a card's address. */
function placeProperties({ place, properties: { mac } }: ExtraDevice): Readonly<Record<string, unknown>> {
  return {
    ...(place.bus === 'PCI' && { addr: place.slot * 8 + place.function }),
    ...(mac !== undefined && { mac }),
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
  const drive = [...drives].find(({ device }) => device !== undefined && device.path === (id ?? path))
  if (drive !== undefined) return { ...driveProperties(drive), channel: drive.device?.place.bus }
  const extra = config.devices.find((device) => device.path === path)
  if (extra !== undefined) return placeProperties(extra)
  if (model === 'VGA') return { ...vgaProperties, ...wished.properties, addr: (config.videoCard?.slot ?? 2) * 8 }
  if (model === 'isa-serial') {
    const nth = config.wished.filter((other) => other.model === model).indexOf(wished)
    const { port, chardev } = config.serialDevices[nth]!
    return serialProperties(port, chardev)
  }
  return {}
}
