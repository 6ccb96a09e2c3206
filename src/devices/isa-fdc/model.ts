import { fdcDriveType } from '../block-properties.ts'
import type { DeviceModel } from '../model.ts'
import { int32, unsigned } from '../properties.ts'

/** The controller of two floppy drives. */
export const isaFdc: DeviceModel = {
  name: 'isa-fdc',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Storage',
  description: 'virtual floppy controller',
  properties: {
    fallback: fdcDriveType('288'),
    fdtypeB: fdcDriveType('auto'),
    dma: unsigned(32, 2),
    irq: unsigned(32, 6),
    fdtypeA: fdcDriveType('auto'),
    iobase: unsigned(32, 1008),
    bootindexB: { ...int32, ofEach: true },
    bootindexA: { ...int32, ofEach: true },
  },
  buses: { 'floppy-bus.0': 'floppy-bus' },
}
