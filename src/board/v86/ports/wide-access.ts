import type { V86Io, V86PortEntry } from '../v86-internals.ts'

/** Registers that answer one or two bytes at once, and four not at all: DMA pages, VGA. */
const narrow: readonly (readonly [first: number, last: number])[] = [
  [0x80, 0x8f],
  [0x3b0, 0x3df],
]

/**
 * Lets two or four bytes at once be as many registers that follow each other, as on a PC's bus, where a register answers one
 * byte: v86 reads ones there, and drops what is written. What answers wide accesses itself stays as it is.
 */
export function completeWideAccess(io: V86Io): void {
  const { ports, empty_port_read8: noRead, empty_port_write: noWrite } = io
  // By numbers, and all ports without a device by their common entry: this is part of each board's start.
  let empty: V86PortEntry | undefined
  for (let port = 0; port < ports.length; port++) {
    const entry = ports[port]!
    if (entry === empty) continue
    if (entry.read8 === noRead && entry.write8 === noWrite) empty = entry
    else complete(io, port, entry)
  }
}

function complete(io: V86Io, port: number, entry: V86PortEntry): void {
  const next = (offset: number): V86PortEntry => io.ports[(port + offset) & 0xffff]!
  const read = (offset: number): number => {
    const { device, read8 } = next(offset)
    return (read8.call(device, port + offset) & 0xff) << (8 * offset)
  }
  const write = (value: number, offset: number): void => {
    const { device, write8 } = next(offset)
    write8.call(device, (value >>> (8 * offset)) & 0xff)
  }
  if (entry.read16 === io.empty_port_read16) entry.read16 = () => read(0) | read(1)
  if (entry.write16 === io.empty_port_write) {
    entry.write16 = (value) => {
      for (const offset of [0, 1]) write(value, offset)
    }
  }
  if (narrow.some(([first, last]) => port >= first && port <= last)) return
  if (entry.read32 === io.empty_port_read32) entry.read32 = () => read(0) | read(1) | read(2) | read(3)
  if (entry.write32 === io.empty_port_write) {
    entry.write32 = (value) => {
      for (const offset of [0, 1, 2, 3]) write(value, offset)
    }
  }
}
