import type { DeviceModel } from '../model.ts'
import { bootindex, mac, netdev } from '../nic/properties.ts'
import { pciProperties } from '../properties.ts'

/** Realtek's RTL8029, an NE2000 on the PCI bus. */
export const ne2kPci: DeviceModel = {
  name: 'ne2k_pci',
  parent: 'pci-device',
  bus: 'PCI',
  category: 'Network',
  rom: 'efi-ne2k_pci.rom',
  bootName: ['ethernet@', '/ethernet-phy@0'],
  properties: { ...pciProperties, netdev, mac, bootindex },
}
