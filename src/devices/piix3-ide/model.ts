import type { DeviceModel } from '../model.ts'
import { pciProperties } from '../properties.ts'

/** The controller of four IDE drives. */
export const piix3Ide: DeviceModel = {
  name: 'piix3-ide',
  parent: 'pci-ide',
  bus: 'PCI',
  category: 'Storage',
  internal: true,
  properties: pciProperties,
  buses: { 'ide.0': 'IDE', 'ide.1': 'IDE' },
}
