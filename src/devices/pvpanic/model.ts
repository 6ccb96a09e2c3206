import type { DeviceModel } from '../model.ts'
import { child, unsigned } from '../properties.ts'

/** What a guest can tell: its operating system has panicked, or has, and deals with it itself. */
export const allEvents = 3

/** Tells the host that the guest's operating system has panicked. */
export const pvpanic: DeviceModel = {
  name: 'pvpanic',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Misc',
  properties: { ioport: unsigned(16, 0x505), events: unsigned(8, allEvents), 'pvpanic[0]': child('memory-region') },
  onlyOne: 'duplicate fw_cfg file name: etc/pvpanic-port',
}
