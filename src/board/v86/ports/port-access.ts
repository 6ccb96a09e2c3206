import type { PortSize } from '../../board.ts'
import type { V86Cpu } from '../v86-internals.ts'

/** Reads an I/O port as an instruction of the guest would: devices take it for one, and something may happen. */
export function readPort({ io }: V86Cpu, port: number, size: PortSize): number {
  const { device, read8, read16, read32 } = entryOf(io.ports, port)
  const read = size === 1 ? read8 : size === 2 ? read16 : read32
  return read.call(device, port) >>> 0
}

/** Writes an I/O port as an instruction of the guest would. */
export function writePort({ io }: V86Cpu, port: number, size: PortSize, value: number): void {
  const { device, write8, write16, write32 } = entryOf(io.ports, port)
  const write = size === 1 ? write8 : size === 2 ? write16 : write32
  write.call(device, size === 4 ? value | 0 : value & (size === 1 ? 0xff : 0xffff))
}

function entryOf(ports: V86Cpu['io']['ports'], port: number) {
  return ports[port & 0xffff]!
}
