import type { DeviceModel } from '../model.ts'
import { chardev, child, onOff, unsigned } from '../properties.ts'

/** For ports and interrupts: those of the port's number; for that: the next one. */
export const byNumber = 0xffff_ffff

/** A serial port. */
export const isaSerial: DeviceModel = {
  name: 'isa-serial',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Input',
  properties: {
    irq: unsigned(32, byNumber),
    index: unsigned(32, byNumber),
    iobase: unsigned(32, byNumber),
    wakeup: onOff(false),
    chardev: chardev(),
    baudbase: unsigned(32, 115_200),
    serial: child('serial'),
  },
}
