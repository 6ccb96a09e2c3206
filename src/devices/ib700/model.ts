import type { DeviceModel } from '../model.ts'

/** A watchdog: a guest that does not feed it in time is bitten. */
export const ib700: DeviceModel = {
  name: 'ib700',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Watchdog',
  description: 'iBASE 700',
  properties: {},
}
