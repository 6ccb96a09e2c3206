import { ownEntry } from '../lookup/index.ts'
import type { ObjectType, TypeProperty } from '../qom/index.ts'
import { deviceModels, pcModels } from './devices.ts'
import type { DeviceModel } from './model.ts'
import { defaultValue, type PropertyType, pciProperties, text, unsigned } from './properties.ts'
import { placeProperties } from './scsi/place.ts'
import { backendModel } from './virtio/backend-model.ts'
import { virtioDeviceProperties } from './virtio/properties.ts'

const ideProperties = { unit: unsigned(32, 0xffff_ffff) }
/** Types that devices are derived from, and the properties that they bring. */
const bases: readonly ObjectType[] = [
  {
    name: 'device',
    parent: 'object',
    abstract: true,
    properties: [
      { name: 'parent_bus', type: 'link<bus>' },
      { name: 'realized', type: 'bool' },
      { name: 'hotplugged', type: 'bool' },
      { name: 'hotpluggable', type: 'bool' },
    ],
  },
  { name: 'isa-device', parent: 'device', abstract: true },
  { name: 'pic-common', parent: 'isa-device', abstract: true },
  { name: 'pit-common', parent: 'isa-device', abstract: true },
  {
    name: 'pci-device',
    parent: 'device',
    abstract: true,
    properties: [...listed(pciProperties), { name: 'legacy-addr', type: 'str' }],
  },
  { name: 'virtio-pci', parent: 'pci-device', abstract: true },
  ...['9p', 'blk', 'net', 'rng', 'balloon', 'serial', 'scsi'].map((kind) => ({
    ...{ name: `virtio-${kind}-pci-base`, parent: 'virtio-pci', abstract: true },
  })),
  { name: 'virtio-input-pci', parent: 'virtio-pci', abstract: true },
  { name: 'virtio-input-hid-pci', parent: 'virtio-input-pci', abstract: true },
  ...['keyboard', 'mouse', 'tablet'].map((kind) => ({
    ...{ name: `virtio-${kind}-pci-base-type`, parent: 'virtio-input-hid-pci', abstract: true },
  })),
  { name: 'virtio-device', parent: 'device', abstract: true, properties: listed(virtioDeviceProperties) },
  {
    name: 'virtio-serial-port',
    parent: 'device',
    abstract: true,
    properties: listed({ nr: unsigned(32, 0xffff_ffff), name: text() }),
  },
  { name: 'virtio-input-device', parent: 'virtio-device', abstract: true, properties: listed({ serial: text() }) },
  {
    name: 'virtio-input-hid-device',
    parent: 'virtio-input-device',
    abstract: true,
    properties: listed({ display: text(), head: unsigned(32, 0) }),
  },
  { name: 'virtio-scsi-common', parent: 'virtio-device', abstract: true },
  { name: 'scsi-device', parent: 'device', abstract: true, properties: listed(placeProperties) },
  { name: 'scsi-disk-base', parent: 'scsi-device', abstract: true },
  { name: 'e1000-base', parent: 'pci-device', abstract: true },
  { name: 'pci-vga', parent: 'pci-device', abstract: true },
  { name: 'pci-ide', parent: 'pci-device', abstract: true },
  { name: 'pci-piix3', parent: 'pci-device', abstract: true },
  { name: 'ide-device', parent: 'device', abstract: true, properties: listed(ideProperties) },
  { name: 'sys-bus-device', parent: 'device', abstract: true },
  { name: 'fw_cfg', parent: 'sys-bus-device', abstract: true, properties: [{ name: 'acpi-mr-restore', type: 'bool' }] },
  {
    name: 'fw_cfg_io',
    parent: 'fw_cfg',
    properties: [
      { name: 'x-file-slots', type: 'uint16' },
      { name: 'dma_enabled', type: 'bool' },
    ],
  },
  {
    name: 'pci-host-bridge',
    parent: 'sys-bus-device',
    abstract: true,
    properties: [
      { name: 'bypass-iommu', type: 'bool' },
      { name: 'x-config-reg-migration-enabled', type: 'bool' },
    ],
  },
  {
    name: 'i440FX-pcihost',
    parent: 'pci-host-bridge',
    properties: [
      { name: 'pci-hole-end', type: 'uint32' },
      { name: 'pci-hole64-size', type: 'size' },
      { name: 'pci-hole64-start', type: 'uint64' },
      { name: 'short_root_bus', type: 'uint32' },
      { name: 'pci-hole64-end', type: 'uint64' },
      { name: 'x-pci-hole64-fix', type: 'bool' },
      { name: 'pci-hole-start', type: 'uint32' },
    ],
  },
  { name: 'ioapic-common', parent: 'sys-bus-device', abstract: true },
  { name: 'ioapic', parent: 'ioapic-common', properties: [{ name: 'version', type: 'uint8' }] },
  { name: 'ps2-device', parent: 'sys-bus-device', abstract: true },
  { name: 'ps2-kbd', parent: 'ps2-device' },
  { name: 'ps2-mouse', parent: 'ps2-device' },
  {
    name: 'serial',
    parent: 'device',
    properties: [
      { name: 'wakeup', type: 'bool' },
      { name: 'chardev', type: 'str', description: 'ID of a chardev to use as a backend' },
      { name: 'baudbase', type: 'uint32' },
    ],
  },
  {
    name: 'apic-common',
    parent: 'device',
    abstract: true,
    properties: [
      { name: 'vapic', type: 'bool', description: 'on/off' },
      { name: 'version', type: 'uint8' },
      { name: 'legacy-instance-id', type: 'bool' },
    ],
  },
  { name: 'apic', parent: 'apic-common', properties: [{ name: 'id', type: 'uint32', own: true }] },
  { name: 'cpu', parent: 'device', abstract: true },
  { name: 'i386-cpu', parent: 'cpu', abstract: true },
  { name: 'qemu32-i386-cpu', parent: 'i386-cpu' },
]

/** Types of devices: of those that can be added, of the PC's own, and of what they are derived from. */
export const deviceTypes: readonly ObjectType[] = [
  ...bases,
  ...Object.values(deviceModels).map(typeOf),
  ...Object.values(deviceModels).flatMap(partTypeOf),
  ...Object.values(pcModels).map(typeOf),
]

function typeOf({ name, parent, properties }: Pick<DeviceModel, 'name' | 'parent' | 'properties'>): ObjectType {
  const inherited = new Set<string>()
  for (let base = baseOf(parent); base !== undefined; base = baseOf(base.parent))
    for (const property of base.properties ?? []) inherited.add(property.name)
  const added = Object.entries(properties).filter(([property]) => !inherited.has(property))
  return { name, parent, properties: listed(Object.fromEntries(added)) }
}

/** The type of what a device has behind its place on the PCI bus. */
function partTypeOf(model: DeviceModel): readonly ObjectType[] {
  const backend = backendModel(model)
  return backend === undefined ? [] : [typeOf(backend)]
}

function baseOf(name = ''): ObjectType | undefined {
  const model = ownEntry(deviceModels, name)
  return bases.find((base) => base.name === name) ?? (model && { ...model, properties: listed(model.properties) })
}

/** In QEMU's order, in which they are declared; what belongs to each device itself comes last. */
function listed(properties: Readonly<Record<string, PropertyType>>): readonly TypeProperty[] {
  return Object.entries(properties).map(([name, type]) => propertyOf(name, type))
}

function propertyOf(name: string, type: PropertyType): TypeProperty {
  const byDefault = defaultValue(type)
  return {
    name,
    type: type.name,
    ...(type.description !== undefined && { description: type.description }),
    ...(byDefault !== undefined && { byDefault }),
    ...(type.ofEach === true && { own: true as const }),
  }
}
