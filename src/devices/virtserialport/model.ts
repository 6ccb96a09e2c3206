import type { DeviceModel } from '../model.ts'
import { chardev, text, unsigned } from '../properties.ts'
import { findPort } from './port-number.ts'

/** A channel between a program of the guest and one of the host, which the guest finds by its name. */
export const virtserialport: DeviceModel = {
  name: 'virtserialport',
  parent: 'virtio-serial-port',
  bus: 'virtio-serial-bus',
  category: 'Input',
  findPlace: (said, on) => findPort(said, on, { console: false }),
  properties: { nr: unsigned(32, 0xffff_ffff), name: text(), chardev: chardev() },
}
