import type { DeviceModel } from '../model.ts'
import { signed32, unsigned, word } from '../properties.ts'

/** The clock, with its memory. */
export const mc146818rtc: DeviceModel = {
  name: 'mc146818rtc',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Misc',
  properties: {
    lost_tick_policy: word('LostTickPolicy', ['discard', 'delay', 'slew'], { byDefault: 'discard' }),
    irq: unsigned(8, 8),
    iobase: unsigned(16, 112),
    base_year: signed32(1980),
  },
}
