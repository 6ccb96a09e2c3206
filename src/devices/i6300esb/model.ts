import type { DeviceModel } from '../model.ts'
import { pciProperties } from '../properties.ts'

/** The watchdog of Intel's 6300ESB I/O controller hub: two stages, of which the second bites. */
export const i6300esb: DeviceModel = {
  name: 'i6300esb',
  parent: 'pci-device',
  bus: 'PCI',
  category: 'Watchdog',
  description: 'Intel 6300ESB',
  properties: pciProperties,
}
