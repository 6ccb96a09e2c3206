import { byteRegisters, type GuestSide } from '../../board/index.ts'
import { ByteOutput } from '../byte-output/guest.ts'
import type { PassedOn } from '../byte-output/wire.ts'
import { Centronics, type CentronicsState } from './centronics.ts'

const portCount = 8

/** Two bytes at once are those of two registers; four are nothing. */
export const guest: GuestSide = ({ bus, link, properties: { iobase, irq } }) => {
  const output = new ByteOutput(link)
  const line = bus.interrupt(Number(irq))
  const port = new Centronics({ print: (byte) => output.write(byte), interrupt: (asserted) => line.set(asserted) })
  const registers = byteRegisters(portCount, {
    read: (register) => port.read(register),
    write: (register, value) => port.write(register, value),
  })
  bus
    .ports(portCount, {
      read: (offset, size) => (size === 4 ? 0xffff_ffff : registers.read(offset, size)),
      write: (offset, size, value) => {
        if (size !== 4) registers.write(offset, size, value)
      },
    })
    .move(Number(iobase))
  return {
    receive: (message) => output.passedOn(message as PassedOn),
    settle: () => output.settle(),
    reset: () => port.reset(),
    save: () => port.save(),
    restore: (state) => port.restore(state as CentronicsState),
  }
}
