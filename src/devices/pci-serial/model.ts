import type { DeviceModel } from '../model.ts'
import { chardev, child, onOff, pciProperties, unsigned } from '../properties.ts'

/** A serial port on the PCI bus, which is a 16550A behind a region of ports. */
export const pciSerial: DeviceModel = {
  name: 'pci-serial',
  parent: 'pci-device',
  bus: 'PCI',
  category: 'Input',
  fixed: ['wakeup', 'baudbase'],
  properties: {
    ...pciProperties,
    prog_if: unsigned(8, 2),
    wakeup: onOff(false),
    chardev: { ...chardev(), chardev: { owner: 'serial' } },
    baudbase: unsigned(32, 115200),
    serial: child('serial'),
  },
}
