import type { DeviceModel } from '../model.ts'
import { onOff, unsigned } from '../properties.ts'

/** VMware's backdoor port. */
export const vmport: DeviceModel = {
  name: 'vmport',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Misc',
  internal: true,
  properties: {
    'vmware-vmx-version': unsigned(32, 6),
    'x-cmds-v2': onOff(true, 'on/off'),
    'vmware-vmx-type': unsigned(8, 2),
    'x-report-vmx-type': onOff(true, 'on/off'),
    'x-signal-unsupported-cmd': onOff(true, 'on/off'),
    'x-read-set-eax': onOff(true, 'on/off'),
  },
}
