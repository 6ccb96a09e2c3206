import type { DeviceModel } from '../model.ts'
import { bootindex, mac, netdev } from '../nic/properties.ts'
import { onOff, pciProperties } from '../properties.ts'

/** Intel's 82540EM: the card that a PC has by default. */
export const e1000: DeviceModel = {
  name: 'e1000',
  aliases: ['e1000-82540em'],
  parent: 'e1000-base',
  bus: 'PCI',
  category: 'Network',
  description: 'Intel Gigabit Ethernet',
  rom: 'efi-e1000.rom',
  bootName: ['ethernet@', '/ethernet-phy@0'],
  fixed: ['init-vet', 'mitigation', 'autonegotiation', 'extra_mac_registers', 'migrate_tso_props'],
  properties: {
    ...pciProperties,
    'init-vet': onOff(true, 'on/off'),
    mitigation: onOff(true, 'on/off'),
    netdev,
    autonegotiation: onOff(true, 'on/off'),
    extra_mac_registers: onOff(true, 'on/off'),
    migrate_tso_props: onOff(true, 'on/off'),
    mac,
    bootindex,
  },
}
