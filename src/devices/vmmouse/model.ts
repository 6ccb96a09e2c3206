import type { DeviceModel } from '../model.ts'
import { link, text } from '../properties.ts'

/** VMware's mouse, behind its port. */
export const vmmouse: DeviceModel = {
  name: 'vmmouse',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Input',
  properties: { i8042: link('i8042'), 'legacy-i8042': { ...text(), ofEach: true } },
}
