import type { V86Cpu } from '../v86-internals.ts'

/** What a guest can tell: its operating system has panicked, or has, and deals with it itself. */
const panicked = 1
const crashLoaded = 2

export interface PvpanicHost {
  panicked(): void
  crashLoaded(): void
}

/** The paravirtual panic device: one port, which tells the events that it takes and takes them. */
export function addPvpanic(
  cpu: V86Cpu,
  { ioport, events }: { ioport: number; events: number },
  host: PvpanicHost,
): void {
  const device = { name: 'pvpanic' }
  // The firmware's ACPI tables show the device where this file is.
  cpu.option_roms.push({ name: 'etc/pvpanic-port', data: Uint8Array.of(ioport & 0xff, ioport >> 8) })
  cpu.io.register_read(ioport, device, () => events)
  cpu.io.register_write(ioport, device, (event) => {
    if (event & panicked) host.panicked()
    else if (event & crashLoaded) host.crashLoaded()
  })
}
