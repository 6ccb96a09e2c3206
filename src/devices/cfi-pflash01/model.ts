import type { DeviceModel } from '../model.ts'
import { onOff, text, unsigned } from '../properties.ts'

/** Flash memory with Intel's commands, which the machine has its firmware in. */
export const cfiPflash01: DeviceModel = {
  name: 'cfi.pflash01',
  parent: 'sys-bus-device',
  bus: 'System',
  category: 'Storage',
  internal: true,
  properties: {
    id3: unsigned(16, 0),
    id2: unsigned(16, 0),
    secure: onOff(false, 'on/off'),
    'big-endian': onOff(false, 'on/off'),
    'num-blocks': unsigned(32, 0),
    'max-device-width': unsigned(8, 0),
    'old-multiple-chip-handling': onOff(false),
    name: text(),
    drive: text('Node name or ID of a block device to use as a backend'),
    'sector-length': unsigned(64, 0),
    'device-width': unsigned(8, 0),
    width: unsigned(8, 0),
    id0: unsigned(16, 0),
    id1: unsigned(16, 0),
  },
}
