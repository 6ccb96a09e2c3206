import type { DeviceModel } from '../model.ts'
import { child, link, onOff, unsigned } from '../properties.ts'

/** The controller of keyboard and PS/2 mouse. */
export const i8042: DeviceModel = {
  name: 'i8042',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Input',
  properties: {
    'kbd-irq': unsigned(8, 1),
    'mouse-irq': unsigned(8, 12),
    'extended-state': onOff(true),
    'kbd-throttle': onOff(false),
    'a20[0]': link('irq'),
    ps2kbd: child('ps2-kbd'),
    'ps2-mouse-input-irq[0]': child('irq'),
    'i8042-cmd[0]': child('memory-region'),
    'unnamed-gpio-out[0]': link('irq'),
    'unnamed-gpio-out[1]': link('irq'),
    'i8042-data[0]': child('memory-region'),
    'ps2-kbd-input-irq[0]': child('irq'),
    ps2mouse: child('ps2-mouse'),
  },
}
