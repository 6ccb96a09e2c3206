import type { DeviceProperties } from '../../board/index.ts'
import { OptionError } from '../../keyval/index.ts'
import {
  child,
  inOrder,
  onOff,
  type PropertyType,
  type PropertyValue,
  pciProperties,
  unsigned,
  userObject,
  word,
} from '../properties.ts'

const switched = (byDefault: boolean): PropertyType => onOff(byDefault, 'on/off')
/** Whether there is a queue of the host's kernel, or a vector: here there is neither, and nobody sees it. */
const ioeventfd = { ioeventfd: switched(true) }

/** What all virtio devices have on the PCI bus, by themselves. */
const transportProperties: Readonly<Record<string, PropertyType>> = {
  ...pciProperties,
  aer: switched(false),
  ats: switched(false),
  'disable-legacy': word('OnOffAuto', ['on', 'off', 'auto'], { description: 'on/off/auto', byDefault: 'auto' }),
  'disable-modern': onOff(false),
  'migrate-extra': switched(true),
  'modern-pio-notify': switched(false),
  'page-per-vq': switched(false),
  'virtio-pci-bus-master-bug-migration': switched(false),
  'x-ats-page-aligned': switched(true),
  'x-disable-pcie': switched(false),
  'x-ignore-backend-features': onOff(false),
  'x-pcie-deverr-init': switched(true),
  'x-pcie-flr-init': switched(true),
  'x-pcie-lnkctl-init': switched(true),
  'x-pcie-pm-init': switched(true),
}

/** What all virtio devices have, whatever they are on. */
export const virtioDeviceProperties: Readonly<Record<string, PropertyType>> = {
  queue_reset: switched(true),
  'use-disabled-flag': onOff(true),
  packed: switched(false),
  iommu_platform: switched(false),
  event_idx: switched(true),
  'x-disable-legacy-check': onOff(false),
  notify_on_empty: switched(true),
  any_layout: switched(true),
  'use-started': onOff(true),
  indirect_desc: switched(true),
}

/** Every virtio device's properties. @param backend - the type of the part that is behind its place on the bus */
export const virtioProperties = (backend: string): Readonly<Record<string, PropertyType>> => ({
  ...transportProperties,
  ...virtioDeviceProperties,
  'virtio-backend': child(backend),
})

/** The number of its interrupts' messages, which there are not here. @param byDefault - as the list says */
export const vectors = (byDefault: number): Readonly<Record<string, PropertyType>> => ({
  vectors: unsigned(32, byDefault),
})

export { ioeventfd }

/** Nobody has said how many vectors there are to be. */
const byQueues = 0xffff_ffff

/** What a device's place on the PCI bus says once it is there. @param vectors - how many it has if nobody says */
export function realizedTransport(properties: DeviceProperties, vectors?: number): DeviceProperties {
  return {
    ...(properties['disable-legacy'] === 'auto' && { 'disable-legacy': 'off' }),
    ...(vectors !== undefined && properties['vectors'] === byQueues && { vectors }),
  }
}

/** The order in which QMP lists what belongs to the place on the bus, before and behind what not all have. */
export const transportOrder = `failover_pair_id romfile addr romsize x-pcie-lnksta-dllla rombar x-pcie-extcap-init
  acpi-index multifunction migrate-extra ats x-ignore-backend-features x-pcie-pm-init aer x-pcie-flr-init
  x-pcie-lnkctl-init x-ats-page-aligned page-per-vq x-pcie-deverr-init virtio-pci-bus-master-bug-migration
  modern-pio-notify x-disable-pcie`

/** Looks whether a driver can reach the device. @throws {OptionError} in QEMU's words, if it is neither old nor new */
export function checkTransport(said: Readonly<Record<string, PropertyValue>>): void {
  if (said['disable-legacy'] === 'on' && said['disable-modern'] === true) {
    throw new OptionError(
      'device cannot work as neither modern nor legacy mode is enabled\n' +
        'Set either disable-modern or disable-legacy to off',
    )
  }
}

/** What can only be as it is by default: rings of another kind, and what concerns a kernel that is not there. */
export const fixedVirtioProperties: readonly string[] = [
  'iommu_platform',
  'modern-pio-notify',
  'packed',
  'page-per-vq',
  'x-ignore-backend-features',
]

/**
 * Properties in the order of a list of names, in which QMP lists them. Those behind `disable-modern` are its back end's,
 * and so belong to each device itself.
 *
 * @throws {Error} if there is one of them not in the list
 */
export function virtioInOrder(
  names: string,
  properties: Readonly<Record<string, PropertyType>>,
): Readonly<Record<string, PropertyType>> {
  const all = Object.entries(inOrder(names, properties))
  const own = all.findIndex(([name]) => name === 'disable-modern') + 1
  return Object.fromEntries(all.map(([name, type], index) => [name, index < own ? type : { ...type, ofEach: true }]))
}

/** The thread that is to serve the device: it must be there, and changes nothing here, where one thread serves all. */
export const iothread: PropertyType = { ...userObject('iothread', ['iothread']), ofEach: true }
