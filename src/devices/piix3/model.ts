import type { DeviceModel } from '../model.ts'
import { pciProperties } from '../properties.ts'

/** The bridge from the PCI bus to the ISA bus, which routes interrupts. */
export const piix3: DeviceModel = {
  name: 'PIIX3',
  parent: 'pci-piix3',
  bus: 'PCI',
  category: 'Bridge',
  internal: true,
  description: 'ISA bridge',
  properties: pciProperties,
  buses: { 'isa.0': 'ISA' },
}
