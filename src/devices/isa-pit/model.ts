import type { DeviceModel } from '../model.ts'
import { unsigned } from '../properties.ts'

/** The timer. */
export const isaPit: DeviceModel = {
  name: 'isa-pit',
  parent: 'pit-common',
  bus: 'ISA',
  category: 'Misc',
  internal: true,
  properties: { iobase: unsigned(32, 4294967295) },
}
