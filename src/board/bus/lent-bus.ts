import type { FirmwareFile } from '../firmware/firmware-items.ts'
import type { FunctionShape } from '../pci/config-space.ts'
import type {
  AcpiBus,
  BusRam,
  BusTimer,
  BusWindow,
  DeviceBus,
  InterruptLine,
  MemoryResponder,
  PciDevice,
  PciParts,
  PortHandler,
} from './device-bus.ts'

/** A bus as one device has it: all that the device has taken there can be taken back at once. */
export class LentBus implements DeviceBus {
  readonly ram: BusRam
  readonly acpi: AcpiBus
  readonly #bus: DeviceBus
  readonly #taken: (() => void)[] = []

  constructor(bus: DeviceBus) {
    this.#bus = bus
    this.ram = bus.ram
    this.acpi = bus.acpi
  }

  ports(count: number, handler: PortHandler): BusWindow {
    return this.#lend(this.#bus.ports(count, handler))
  }

  memory(size: number, responder: MemoryResponder): BusWindow {
    return this.#lend(this.#bus.memory(size, responder))
  }

  pci(shape: FunctionShape, parts: PciParts): PciDevice {
    return this.#lend(this.#bus.pci(shape, parts))
  }

  interrupt(line: number): InterruptLine {
    const taken = this.#bus.interrupt(line)
    this.#taken.push(() => taken.set(false))
    return taken
  }

  timer(expired: () => void): BusTimer {
    return this.#lend(this.#bus.timer(expired))
  }

  firmwareFile(file: FirmwareFile): void {
    this.#bus.firmwareFile(file)
  }

  /** Takes everything back, what was taken last first. */
  takeBack(): void {
    for (const close of this.#taken.splice(0).reverse()) close()
  }

  #lend<T extends { close(): void }>(taken: T): T {
    this.#taken.push(() => taken.close())
    return taken
  }
}
