import type { DeviceModel } from '../model.ts'
import { virtserialport } from '../virtserialport/model.ts'
import { findPort } from '../virtserialport/port-number.ts'

/** A port that the guest has a console on: `hvc0`. */
export const virtconsole: DeviceModel = {
  ...virtserialport,
  name: 'virtconsole',
  parent: 'virtserialport',
  findPlace: (said, on) => findPort(said, on, { console: true }),
}
