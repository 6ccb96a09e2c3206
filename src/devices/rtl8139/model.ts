import type { DeviceModel } from '../model.ts'
import { bootindex, mac, netdev } from '../nic/properties.ts'
import { pciProperties } from '../properties.ts'

/** Realtek's RTL8139C+: the old card with four buffers, and the newer one with rings of descriptors. */
export const rtl8139: DeviceModel = {
  name: 'rtl8139',
  parent: 'pci-device',
  bus: 'PCI',
  category: 'Network',
  rom: 'efi-rtl8139.rom',
  bootName: ['ethernet@', '/ethernet-phy@0'],
  properties: { ...pciProperties, netdev, mac, bootindex },
}
