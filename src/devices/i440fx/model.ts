import type { DeviceModel } from '../model.ts'
import { pciProperties } from '../properties.ts'

/** The host bridge: it joins CPU, RAM and the PCI bus. */
export const i440fx: DeviceModel = {
  name: 'i440FX',
  parent: 'pci-device',
  bus: 'PCI',
  category: 'Bridge',
  internal: true,
  description: 'Host bridge',
  properties: pciProperties,
}
