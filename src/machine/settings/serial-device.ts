import { byNumber, type DeviceModel, type PropertyValue, requireDefaults } from '../../devices/index.ts'
import { OptionError } from '../../keyval/index.ts'
import type { SerialDevice } from '../config.ts'

/** Ports and interrupts of COM1 to COM4. */
export const serialPlaces = [
  { iobase: 0x3f8, irq: 4 },
  { iobase: 0x2f8, irq: 3 },
  { iobase: 0x3e8, irq: 4 },
  { iobase: 0x2e8, irq: 3 },
] as const

/** The serial ports that a machine has before another is added. */
export interface SerialPorts {
  /** The numbers of those that are there: 0 for COM1. */
  readonly taken: readonly number[]
  /**
   * Takes a character device for the use of a device.
   *
   * @param property - that names it, with its model
   * @throws {OptionError} in QEMU's words, if there is none, or it has a user
   */
  readonly use: (chardev: string, property: string) => void
}

/**
 * The serial port that was asked for.
 *
 * @throws {OptionError} if the board cannot have it
 */
export function serialDeviceOf(
  model: DeviceModel,
  properties: Readonly<Record<string, PropertyValue>>,
  { taken, use }: SerialPorts,
): SerialDevice {
  const { chardev = '', index = byNumber, iobase = byNumber, irq = byNumber, ...rest } = properties
  requireDefaults(model.name, model, rest)
  if (chardev !== '') use(String(chardev), 'serial.chardev')
  const port = index === byNumber ? taken.length : Number(index)
  const place = serialPlaces[port]
  if (place === undefined) throw new OptionError(`Max. supported number of ISA serial ports is ${serialPlaces.length}.`)
  if (taken.includes(port)) throw new OptionError(`serial port ${port} is there already`)
  const only = (name: string, value: string): OptionError =>
    new OptionError(`'isa-serial.${name}' of port ${port} can only be ${value} here`)
  if (iobase !== byNumber && iobase !== place.iobase) throw only('iobase', `0x${place.iobase.toString(16)}`)
  if (irq !== byNumber && irq !== place.irq) throw only('irq', String(place.irq))
  return { port, chardev: String(chardev) }
}
