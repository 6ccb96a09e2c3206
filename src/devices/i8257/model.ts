import type { DeviceModel } from '../model.ts'
import { signed32 } from '../properties.ts'

/** A controller of direct memory access; there are two. */
export const i8257: DeviceModel = {
  name: 'i8257',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Misc',
  internal: true,
  properties: { base: signed32(0), dshift: signed32(0), 'pageh-base': signed32(1152), 'page-base': signed32(128) },
}
