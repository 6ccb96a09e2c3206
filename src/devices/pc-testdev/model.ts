import type { DeviceModel } from '../model.ts'

/** Ports that hold what is written to them, and ports that assert interrupts: for programs that test processors. */
export const pcTestdev: DeviceModel = {
  name: 'pc-testdev',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Misc',
  properties: {},
}
