import { OptionError } from '../../keyval/index.ts'
import { byNumber } from '../isa-serial/model.ts'
import type { DeviceModel } from '../model.ts'
import { chardev, unsigned } from '../properties.ts'

/** First I/O ports of LPT1 to LPT3. */
const places = [0x378, 0x278, 0x3bc] as const
const lines = 16

/** A parallel port with a printer that takes every byte at once: they go to a character device. */
export const isaParallel: DeviceModel = {
  name: 'isa-parallel',
  parent: 'isa-device',
  bus: 'ISA',
  category: 'Input',
  properties: {
    chardev: chardev("Can't create parallel device, empty char device"),
    irq: unsigned(32, 7),
    index: unsigned(32, byNumber),
    iobase: unsigned(32, byNumber),
  },
  check: ({ irq = 0 }) => {
    if (Number(irq) >= lines) throw new OptionError(`'isa-parallel.irq' must be below ${lines}`)
  },
  findPlace: ({ index: said = byNumber, iobase = byNumber }, { devices }) => {
    const before = devices.filter(({ model }) => model === 'isa-parallel').length
    const index = said === byNumber ? before : Number(said)
    const usual = places[index]
    if (usual === undefined) throw new OptionError(`Max. supported number of parallel ports is ${places.length}.`)
    return { index, iobase: iobase === byNumber ? usual : iobase }
  },
}
