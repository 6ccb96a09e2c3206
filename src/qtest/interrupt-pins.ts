import type { QomObject } from '../qom/index.ts'

/** The lines of a device's pins, in order: pin 0 of the second 8259 is line 8. */
export interface InterruptPins {
  readonly in: readonly number[]
  readonly out: readonly number[]
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index)

/**
 * Which interrupt lines a device of the PC has, by QEMU's numbers of its pins. Interrupts of the PCI bus, which have lines
 * of their own on the I/O APIC, come by those of the ISA bus.
 */
export function interruptPins(device: QomObject, isFirst: boolean): InterruptPins {
  switch (device.type) {
    case 'ioapic':
      return { in: range(0, 16), out: [] }
    case 'isa-i8259':
      return { in: range(isFirst ? 0 : 8, 8), out: [] }
    case 'mc146818rtc':
      return { in: [], out: [8] }
    case 'isa-pit':
      return { in: [], out: [0] }
    default:
      return { in: [], out: [] }
  }
}
