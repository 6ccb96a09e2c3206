import type { DeviceModel } from '../model.ts'
import { child, link, onOff, text, unsigned } from '../properties.ts'

/** The speaker, which nobody hears. */
export const isaPcspk: DeviceModel = {
  name: 'isa-pcspk',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Sound',
  internal: true,
  properties: {
    audiodev: text('ID of an audiodev to use as a backend'),
    migrate: onOff(true),
    iobase: unsigned(32, 97),
    pit: link('pit-common'),
    'pcspk[0]': child('memory-region'),
  },
}
