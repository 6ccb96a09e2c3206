import type { DeviceModel } from '../model.ts'
import { pciProperties, unsigned } from '../properties.ts'
import { allEvents } from '../pvpanic/model.ts'

/** As `pvpanic`, with its register in memory. */
export const pvpanicPci: DeviceModel = {
  name: 'pvpanic-pci',
  parent: 'pci-device',
  bus: 'PCI',
  category: 'Misc',
  properties: { ...pciProperties, events: unsigned(8, allEvents) },
}
