import type { PortSize } from '../../board.ts'
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
} from '../../bus/device-bus.ts'
import type { FirmwareFile } from '../../firmware/firmware-items.ts'
import type { FunctionShape } from '../../pci/config-space.ts'
import type { VirtualClock } from '../cpu/virtual-clock.ts'
import { type GuestMemory, vgaHole } from '../memory/guest-memory.ts'
import type { PciBus } from '../pci/pci-bus.ts'
import type { V86Cpu, V86PortEntry } from '../v86-internals.ts'
import type { FwCfg } from './fw-cfg.ts'

interface Parts {
  readonly cpu: V86Cpu
  readonly pci: PciBus
  readonly memory: GuestMemory
  readonly clock: VirtualClock
  readonly fwCfg: FwCfg
  /** Whether the guest is to be told anything by ACPI. */
  readonly acpi: boolean
  /** Takes a general purpose event. */
  readonly takeEvent: AcpiBus['event']
}

/** The bus that devices are written against, in v86. */
export class V86DeviceBus implements DeviceBus {
  readonly ram: BusRam
  readonly acpi: AcpiBus
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
    const { cpu, memory, fwCfg } = parts
    this.acpi = parts.acpi
      ? {
          present: true,
          table: (read) => fwCfg.addTable(read),
          load: (file) => fwCfg.loadFile(file),
          event: (number) => parts.takeEvent(number),
        }
      : noAcpi
    const inside = (address: number, length: number): number => Math.max(0, Math.min(length, memory.ramBytes - address))
    this.ram = {
      byteLength: memory.ramBytes,
      read: (address, length) => {
        // Rings are read in small pieces, and often.
        const end = address + length
        if (end <= memory.ramBytes && (end <= vgaHole.start || address >= vgaHole.end))
          return new Uint8Array(cpu.wasm_memory.buffer as ArrayBuffer, cpu.mem8.byteOffset + address, length).slice()
        const there = inside(address, length)
        if (there === length) return memory.readPhysical(address, length)
        const bytes = new Uint8Array(length)
        if (there > 0) bytes.set(memory.readPhysical(address, there))
        return bytes
      },
      write: (address, bytes) => {
        const there = inside(address, bytes.length)
        if (there > 0) memory.writePhysical(address, bytes.subarray(0, there))
      },
      release: (address, length) => memory.release(address, length),
    }
  }

  ports(count: number, handler: PortHandler): BusWindow {
    return this.#parts.pci.ports.add(portEntries(count, handler))
  }

  memory(size: number, responder: MemoryResponder): BusWindow {
    return this.#parts.pci.memory.add(size, responder)
  }

  pci(shape: FunctionShape, { ports, ...parts }: PciParts): PciDevice {
    const entries = new Map(
      (shape.bars ?? []).flatMap(({ bar, size }) => {
        const handler = ports?.get(bar)
        return handler === undefined ? [] : [[bar, portEntries(size, handler)] as const]
      }),
    )
    const { pci } = this.#parts
    const space = pci.add(shape, { ...parts, ports: entries })
    return {
      space,
      setInterrupt: (asserted) => pci.setInterrupt(space, asserted),
      close: () => pci.remove(space),
    }
  }

  interrupt(line: number): InterruptLine {
    const { cpu } = this.#parts
    return {
      set: (asserted) => {
        if (asserted) cpu.device_raise_irq(line)
        else cpu.device_lower_irq(line)
      },
    }
  }

  timer(expired: () => void): BusTimer {
    return this.#parts.clock.timer(expired)
  }

  firmwareFile(file: FirmwareFile): void {
    this.#parts.fwCfg.addFile(file)
  }
}

/** A guest that has no ACPI is told nothing by it. */
const noAcpi: AcpiBus = {
  present: false,
  table: () => undefined,
  load: () => undefined,
  event: () => ({ raise: () => undefined }),
}

/** v86 gives 32 bits as a signed number, and wants them so. */
function portEntries(count: number, { read, write }: PortHandler): V86PortEntry[] {
  return Array.from({ length: count }, (_, offset) => {
    const reads = (size: PortSize) => () => read(offset, size)
    const writes = (size: PortSize) => (value: number) => write(offset, size, value >>> 0)
    return {
      read8: reads(1),
      read16: reads(2),
      read32: () => read(offset, 4) | 0,
      write8: writes(1),
      write16: writes(2),
      write32: writes(4),
      device: undefined,
    }
  })
}
