import type { DeviceModel } from '../model.ts'
import { onOff, unsigned } from '../properties.ts'

/** An interrupt controller; there are two. */
export const isaI8259: DeviceModel = {
  name: 'isa-i8259',
  parent: 'pic-common',
  bus: 'ISA',
  category: 'Misc',
  internal: true,
  properties: {
    master: onOff(false, 'on/off'),
    elcr_mask: unsigned(8, 255),
    elcr_addr: unsigned(32, 4294967295),
    iobase: unsigned(32, 4294967295),
  },
}
