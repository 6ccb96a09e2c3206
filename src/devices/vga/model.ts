import type { DeviceModel } from '../model.ts'
import { onOff, pciProperties, unsigned } from '../properties.ts'

const sizeInDots = unsigned(32, 0)

/** QEMU's standard VGA. */
export const vga: DeviceModel = {
  name: 'VGA',
  parent: 'pci-vga',
  bus: 'PCI',
  category: 'Display',
  hotplugs: false,
  properties: {
    ...pciProperties,
    refresh_rate: unsigned(32, 0),
    'global-vmstate': onOff(false),
    'big-endian-framebuffer': onOff(),
    vgamem_mb: unsigned(32, 16),
    'qemu-extended-regs': onOff(true, 'on/off'),
    mmio: onOff(true, 'on/off'),
    ymax: sizeInDots,
    yres: sizeInDots,
    xmax: sizeInDots,
    edid: onOff(true, 'on/off'),
    xres: sizeInDots,
  },
}
