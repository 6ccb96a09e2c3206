/**
 * What a guest device sees of the PC that it is in. Devices are written against this, and know of no emulator: a board of
 * another engine could carry them, and a test needs no board at all (`PlainBus`).
 */
import type { LoadedFile } from '../acpi/acpi-tables.ts'
import type { PortSize } from '../board.ts'
import type { FirmwareFile } from '../firmware/firmware-items.ts'
import type { ConfigSpace, FunctionShape } from '../pci/config-space.ts'

export interface DeviceBus {
  readonly ram: BusRam
  /** I/O ports that follow each other, which are nowhere until they are moved. Where windows overlap, the last one answers. */
  ports(count: number, handler: PortHandler): BusWindow
  /** Memory above RAM, which is nowhere until it is moved. Where windows overlap, the last one answers. */
  memory(size: number, responder: MemoryResponder): BusWindow
  /** Puts a function on the PCI bus. */
  pci(shape: FunctionShape, parts: PciParts): PciDevice
  /** An interrupt line of the ISA bus, 0 to 15. */
  interrupt(line: number): InterruptLine
  /** A timer of the guest's time: it stands still while the guest does. */
  timer(expired: () => void): BusTimer
  /** Shows the firmware a file; before the guest first runs. */
  firmwareFile(file: FirmwareFile): void
  readonly acpi: AcpiBus
}

/** What a device is to ACPI. All but `raise` is said before the guest first runs. */
export interface AcpiBus {
  /** Whether the guest has ACPI; where it has none, nothing of the rest reaches it. */
  readonly present: boolean
  /** Adds a table to those that the firmware makes. @param read - gives it as it is when the firmware reads it: always as long */
  table(read: () => Uint8Array): void
  /** Lets the firmware copy a file to memory, and write where. */
  load(file: LoadedFile): void
  /** Takes a general purpose event, 4 to 15, for a table of the device to have its method. */
  event(number: number): GeneralEvent
}

export interface GeneralEvent {
  /** Tells the guest, if it listens. */
  raise(): void
}

/** Offsets count from the first port; values are unsigned. */
export interface PortHandler {
  read(offset: number, size: PortSize): number
  write(offset: number, size: PortSize, value: number): void
}

/** What answers in a region of memory; offsets count from its begin. Words of 16 bits come as two bytes. */
export interface MemoryResponder {
  read8(offset: number): number
  write8(offset: number, value: number): void
  read32(offset: number): number
  write32(offset: number, value: number): void
}

export interface BusWindow {
  /** Puts it somewhere else, or nowhere. */
  move(base: number | undefined): void
  /** Takes it away for good. */
  close(): void
}

export interface InterruptLine {
  set(asserted: boolean): void
}

export interface BusTimer {
  /** Milliseconds of guest time that are left; undefined if nothing is to happen. */
  readonly left: number | undefined
  /** Lets it happen so many milliseconds of guest time from now, or not at all. */
  arm(milliseconds: number | undefined): void
  /** Ends it for good. */
  close(): void
}

/** The guest's memory, by physical addresses. What lies behind its end reads as zeros, and goes nowhere. */
export interface BusRam {
  readonly byteLength: number
  read(address: number, length: number): Uint8Array
  write(address: number, bytes: Uint8Array): void
  /** Gives pages back to the host, if that can be; the guest does not need what they hold. They lie in memory. */
  release?(address: number, length: number): void
}

/** What stands behind a PCI function's configuration space, by base address registers. */
export interface PciParts {
  readonly ports?: ReadonlyMap<number, PortHandler>
  readonly memory?: ReadonlyMap<number, MemoryResponder>
  /** Called when the guest has written into the configuration space, and when that has been reset. */
  changed?(space: ConfigSpace): void
}

export interface PciDevice {
  readonly space: ConfigSpace
  /** Asserts the function's interrupt pin, or lets go of it. */
  setInterrupt(asserted: boolean): void
  /** Takes it from the bus, with its regions and its interrupt. */
  close(): void
}

/** Registers of a byte each. */
export interface ByteRegisters {
  read(register: number): number
  write(register: number, value: number): void
}

/** Lets wider accesses be accesses to the bytes behind each other, the lowest first. */
export function byteRegisters(count: number, { read, write }: ByteRegisters): PortHandler {
  return {
    read: (offset, size) => {
      let value = 0
      for (let at = size - 1; at >= 0; at--) value = value * 256 + (offset + at < count ? read(offset + at) : 0xff)
      return value
    },
    write: (offset, size, value) => {
      for (let at = 0, rest = value; at < size && offset + at < count; at++, rest >>>= 8)
        write(offset + at, rest & 0xff)
    },
  }
}
