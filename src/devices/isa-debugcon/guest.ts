import type { GuestSide } from '../../board/index.ts'
import { ByteOutput } from '../byte-output/guest.ts'
import type { PassedOn } from '../byte-output/wire.ts'

/** One port of a byte: reading tells that it is there. */
export const guest: GuestSide = ({ bus, link, properties: { iobase, readback } }) => {
  const output = new ByteOutput(link)
  bus
    .ports(1, {
      read: (_offset, size) => (size === 1 ? Number(readback) & 0xff : 0),
      write: (_offset, size, value) => {
        if (size === 1) output.write(value)
      },
    })
    .move(Number(iobase))
  return {
    receive: (message) => output.passedOn(message as PassedOn),
    settle: () => output.settle(),
  }
}
