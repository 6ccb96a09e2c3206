import { deviceModels, pcModels } from '../devices.ts'

const busNames: Readonly<Record<string, string>> = {
  PCI: 'pci.0',
  ISA: 'isa.0',
  'floppy-bus': 'floppy-bus.0',
  System: 'main-system-bus',
}

/** Parts of QEMU's PC that are only names here, by the kinds of their buses. */
const onlyNames: Readonly<Record<string, string>> = { 'isa-parallel': 'ISA', e1000: 'PCI' }

/**
 * Why a device cannot be unplugged, in QEMU's words; undefined if it can be.
 *
 * @param bus - the kind of its bus, or its name, where the model does not say
 * @param acpi - whether there is what lets go of devices of the PCI bus
 */
export function unplugComplaint(
  type: string,
  { bus, acpi }: { readonly bus: string | undefined; readonly acpi: boolean },
): string | undefined {
  if (type.endsWith('-cpu')) return 'Boot CPU is unpluggable'
  const model = deviceModels[type] ?? pcModels[type]
  const kind = bus ?? model?.bus ?? onlyNames[type] ?? (isBackend(type) ? 'virtio-bus' : 'System')
  if (kind === 'none') return `Device '${type}' does not support hotplugging`
  if (kind !== 'PCI' || !acpi) return `Bus '${busNames[kind] ?? kind}' does not support hotplugging`
  if (model?.internal === true || model?.hotplugs === false) return `Device '${type}' does not support hotplugging`
  return undefined
}

function isBackend(type: string): boolean {
  return Object.values(deviceModels).some(({ backend }) => backend?.type === type)
}
