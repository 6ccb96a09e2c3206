import type { DeviceModel } from '../model.ts'
import { chardev, unsigned } from '../properties.ts'

/** A port: bytes that the guest writes go to a character device. */
export const isaDebugcon: DeviceModel = {
  name: 'isa-debugcon',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Misc',
  properties: {
    readback: unsigned(32, 0xe9),
    chardev: chardev("Can't create debugcon device, empty char device"),
    iobase: unsigned(32, 0xe9),
  },
}
