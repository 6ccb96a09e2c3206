import type { Drive } from '../../block/index.ts'
import {
  BusObject,
  DeviceObject,
  type DeviceTraits,
  deviceModels,
  type ExtraDevice,
  pcModels,
} from '../../devices/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { constant, type ObjectTree } from '../../qom/index.ts'
import type { MachineConfig } from '../config.ts'
import type { FlashChip } from '../flash-chips.ts'
import type { PcDevice } from '../pc-devices.ts'
import { addBackend } from './backend-objects.ts'
import { driveProperties, nameOfDrive } from './drive-properties.ts'
import { addLinks } from './machine-object.ts'

/** The PC's own devices in the tree, and the buses that others are put on. */
export interface PcObjects {
  /** Finds a bus by its name: `pci.0`. */
  bus(name: string): BusObject | undefined
  /** Those that are built as plugged ones are, network cards and parallel ports, with their paths. */
  readonly planned: readonly ExtraDevice[]
  /** Where the device of a drive is. @throws {Error} if the PC has none */
  pathOf(drive: Drive): string
}

/** Adds the devices of a machine, each under its number in their list; names alone are left out. */
export function addPcObjects(
  tree: ObjectTree,
  config: MachineConfig,
  { devices, flash }: { readonly devices: readonly PcDevice[]; readonly flash: readonly FlashChip[] },
): PcObjects {
  const { types } = tree
  const sysbus = new BusObject(types, 'System', { realized: false })
  tree.add('/machine/unattached', 'sysbus', sysbus)
  const buses = new Map([['sysbus', sysbus]])
  const byDrive = new Map<Drive, DeviceObject>()
  const planned: ExtraDevice[] = []
  const add = (parent: string, name: string, type: string, traits: DeviceTraits): DeviceObject => {
    const model = modelOf(type)
    const device = new DeviceObject(types, model, traits)
    tree.add(parent, name, device)
    for (const bus of Object.keys(model.buses ?? {})) buses.set(bus, device.busOf(bus)!)
    addParts(tree, device, sysbus)
    return device
  }
  if (config.machine === 'pc') {
    sysbus.skip() // kvmvapic comes first, and only its name is here
    for (const chip of flash) {
      tree.resolve('/machine').removeProperty(chip.name)
      add('/machine', chip.name, 'cfi.pflash01', { bus: sysbus, properties: flashProperties(chip) })
    }
    add('/machine', 'fw_cfg', 'fw_cfg_io', { bus: sysbus, access: firmwareConfiguration })
    const bridge = add('/machine', 'i440fx', 'i440FX-pcihost', { bus: sysbus, access: hostBridge(config) })
    const pci = new BusObject(types, 'PCI', { hotplugHandler: () => tree.firstOf('PIIX4_PM') })
    if (config.acpi) pci.addProperty('acpi-pcihp-bsel', { kind: 'value', type: 'uint32', ...constant(0) })
    buses.set('pci.0', bridge.addChild('pci.0', pci))
    add('/machine/i440fx', 'ioapic', 'ioapic', { bus: sysbus, access: { version: constant(0x20) } })
  }
  devices.forEach(({ type, onlyName, drive, properties, card }, number) => {
    if (onlyName) {
      buses.get(busOfName[type] ?? '')?.skip()
      return
    }
    const bus = busOf(type, drive)
    const device = add('/machine/unattached', `device[${number}]`, type, {
      bus: bus === undefined ? undefined : buses.get(bus),
      hotPluggable: bus === undefined || card?.place.bus === 'PCI',
      properties: { ...properties, ...(drive !== undefined && driveProperties(drive)) },
      access: wiringOf(type, tree),
    })
    if (type === 'PIIX4_PM') addPowerPorts(device)
    if (drive !== undefined) byDrive.set(drive, device)
    const cardModel = card && deviceModels[card.model]
    if (cardModel !== undefined) addBackend(device, cardModel, { types, brings: undefined, hotplugged: false })
    if (card !== undefined) planned.push({ ...card, path: device.path! })
  })
  if (config.machine === 'pc') addLinks(tree, config, flash)
  return { bus: (name) => buses.get(name), planned, pathOf: (drive) => byDrive.get(drive)!.path! }
}

/** Parts of a device that are devices themselves. @param hotplugged - whether it has come while the machine ran */
export function addParts(tree: ObjectTree, device: DeviceObject, sysbus: BusObject, hotplugged = false): void {
  const part = (name: string, type: string, traits: DeviceTraits): DeviceObject =>
    device.addChild(name, new DeviceObject(tree.types, modelOf(type), traits))
  if (device.type === 'i8042')
    for (const [name, type] of [
      ['ps2kbd', 'ps2-kbd'],
      ['ps2mouse', 'ps2-mouse'],
    ] as const)
      part(name, type, { bus: sysbus })
  if (device.type === 'isa-serial' || device.type === 'pci-serial') {
    const read = (name: string) => ({ get: () => device.get(name) })
    const access = { chardev: read('chardev'), wakeup: read('wakeup'), baudbase: read('baudbase') }
    part('serial', 'serial', { hotPluggable: true, hotplugged, access })
  }
  if (device.type === cpuType) {
    const apic = part('lapic', 'apic', { hotPluggable: true, access: localApic })
    apic.addProperty('id', { kind: 'value', type: 'uint32', ...constant(0) })
  }
}

/** Where QEMU has what is only a name here, if that comes behind the host bridge. */
const busOfName: Readonly<Record<string, string>> = { hpet: 'sysbus', e1000: 'pci.0' }

const cpuType = 'qemu32-i386-cpu'

/** What a type's objects have; those that are no models have no properties of their own. */
function modelOf(type: string) {
  const model = ownEntry(pcModels, type) ?? ownEntry(deviceModels, type)
  return model ?? { name: type, properties: {}, buses: {}, bus: undefined }
}

function busOf(type: string, drive: Drive | undefined): string | undefined {
  if (type === 'floppy') return 'floppy-bus.0'
  if (drive !== undefined) return `ide.${drive.place.bus}`
  const { bus } = modelOf(type)
  return bus === undefined ? undefined : bus === 'PCI' ? 'pci.0' : 'isa.0'
}

/** Which other devices a device is joined with. */
function wiringOf(type: string, tree: ObjectTree): DeviceTraits['access'] & {} {
  if (type === 'vmmouse') return { i8042: { target: () => tree.firstOf('i8042') }, 'legacy-i8042': {} }
  if (type === 'isa-pcspk') return { pit: { target: () => tree.firstOf('pit-common') } }
  return {}
}

function flashProperties({ name, bytes, drive }: FlashChip): Readonly<Record<string, unknown>> {
  return { name, drive: () => nameOfDrive(drive), 'num-blocks': bytes / 0x1000, 'sector-length': 0x1000, width: 1 }
}

const localApic = {
  vapic: constant(true),
  version: constant(0x14),
  'legacy-instance-id': constant(false),
}

const firmwareConfiguration = {
  'acpi-mr-restore': constant(true),
  'x-file-slots': constant(0x20),
  dma_enabled: constant(true),
}

/** What ACPI's tables say of it. */
function addPowerPorts(device: DeviceObject): void {
  const own = (name: string, type: string, value: number): string =>
    device.addProperty(name, { kind: 'value', type, ...constant(value) })
  own('acpi_enable_cmd', 'uint8', 0xf1)
  own('acpi_disable_cmd', 'uint8', 0xf0)
  own('sci_int', 'uint16', 9)
  own('gpe0_blk', 'uint32', 0xafe0)
  own('gpe0_blk_len', 'uint32', 4)
  own('acpi-pcihp-io-base', 'uint16', 0xae00)
  own('acpi-pcihp-io-len', 'uint16', 24)
}

/** Where the PCI bus has room for memory: from the end of RAM to the interrupt controllers, and behind 4 GiB. */
function hostBridge({ ramBytes }: MachineConfig): DeviceTraits['access'] & {} {
  const [end, end64] = [0xfec0_0000, 0x1_0000_0000]
  const windowBytes = 0x8000_0000
  return {
    'bypass-iommu': constant(false),
    'x-config-reg-migration-enabled': constant(true),
    'pci-hole-start': constant(ramBytes),
    'pci-hole-end': constant(end),
    'pci-hole64-start': constant(end64),
    'pci-hole64-end': constant(end64 + windowBytes),
    'pci-hole64-size': constant(windowBytes),
    short_root_bus: constant(0),
    'x-pci-hole64-fix': constant(true),
  }
}
