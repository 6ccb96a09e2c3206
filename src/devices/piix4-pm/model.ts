import type { DeviceModel } from '../model.ts'
import { link, onOff, pciProperties, unsigned } from '../properties.ts'

/** Power management: buttons, sleep, hot-plug of PCI devices. */
export const piix4Pm: DeviceModel = {
  name: 'PIIX4_PM',
  parent: 'pci-device',
  bus: 'PCI',
  category: 'Bridge',
  internal: true,
  description: 'PM',
  properties: {
    ...pciProperties,
    'acpi-pci-hotplug-with-bridge-support': onOff(true),
    smb_io_base: unsigned(32, 0),
    disable_s3: unsigned(8, 0),
    'acpi-root-pci-hotplug': onOff(true),
    'smm-enabled': onOff(false),
    disable_s4: unsigned(8, 0),
    'memory-hotplug-support': onOff(true),
    'smm-compat': onOff(false),
    'x-not-migrate-acpi-index': onOff(false),
    s4_val: unsigned(8, 2),
    'smi-irq[0]': link('irq'),
    'unnamed-gpio-out[0]': link('irq'),
  },
}
