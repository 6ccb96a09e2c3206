import type { V86Io, V86PortEntry } from '../v86-internals.ts'

/** Registers of a byte each at ports that follow each other. */
export interface ByteRegisters {
  read(register: number): number
  write(register: number, value: number): void
}

/** What answers at the ports: two bytes at once are two registers, four are none, as on QEMU's ISA bus. */
export function bytePorts(io: V86Io, device: object, count: number, { read, write }: ByteRegisters): V86PortEntry[] {
  return Array.from({ length: count }, (_, register) => ({
    ...io.create_empty_entry(),
    read8: () => read(register),
    read32: () => -1,
    write32: () => undefined,
    read16: () => read(register) | (register + 1 < count ? read(register + 1) << 8 : 0xff00),
    write8: (value: number) => write(register, value),
    write16: (value: number) => {
      write(register, value & 0xff)
      if (register + 1 < count) write(register + 1, value >> 8)
    },
    device,
  }))
}

/** Lets these answer at ports, whoever did before. */
export function mapPorts(io: V86Io, base: number, entries: readonly V86PortEntry[]): void {
  for (const [index, entry] of entries.entries()) io.ports[base + index] = entry
}
