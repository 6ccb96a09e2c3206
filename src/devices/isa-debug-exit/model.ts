import type { DeviceModel } from '../model.ts'
import { unsigned } from '../properties.ts'

/** Ends the machine when the guest writes to it: for kernels under test. */
export const isaDebugExit: DeviceModel = {
  name: 'isa-debug-exit',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Misc',
  properties: { iosize: unsigned(32, 2), iobase: unsigned(32, 0x501) },
}
