import type { DeviceModel } from '../model.ts'
import { child, link } from '../properties.ts'

/** System control port A: reset and address line 20. */
export const port92: DeviceModel = {
  name: 'port92',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Misc',
  internal: true,
  properties: { 'port92[0]': child('memory-region'), 'a20[0]': link('irq') },
}
