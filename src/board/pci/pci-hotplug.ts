import type { PortSize } from '../board.ts'
import type { PortHandler } from '../bus/device-bus.ts'

/** Where the registers are on a PIIX4, and how many ports they take. */
export const hotplugPorts = { base: 0xae00, count: 0x18 } as const
/** The general purpose event by which the guest is told to look at the registers: a bit of its status. */
export const hotplugEvent = 0x02

/** Registers, of 32 bits each; in all but the last a bit stands for a slot. */
const registers = { up: 0x00, down: 0x04, eject: 0x08, removable: 0x0c, bus: 0x10 } as const

/** What the registers act on. */
export interface HotplugBus {
  /** Raises the event: the guest is to look. */
  raise(): void
  /** What is in a slot goes, as far as it can. */
  eject(slot: number): void
  /** Whether what is in a slot has to stay. */
  fixed(slot: number): boolean
}

/**
 * The hot-plug registers of the PCI bus: which slots have got something, and which the guest is to let go of. The guest
 * reads them when the event has come, and writes which slots it has let go of. A reset takes for let go what was asked for.
 *
 * What has come shows as long as it is there: SeaBIOS's tables read the register anew for each slot, so that it must not
 * change by being read. They let the guest look again at what it knows, which does no harm.
 *
 * @see QEMU's docs/specs/acpi_pci_hotplug.txt
 */
export class PciHotplug implements PortHandler {
  readonly #bus: HotplugBus
  #up = 0
  #down = 0
  /** Which bus is meant, of those that the machine could have: there is one, the 0th. */
  #selected = 0

  constructor(bus: HotplugBus) {
    this.#bus = bus
  }

  /** Something has come into a slot. */
  arrived(slot: number): void {
    this.#up |= 1 << slot
    this.#bus.raise()
  }

  /** The guest is to let go of what is in a slot. */
  ask(slot: number): void {
    this.#up &= ~(1 << slot)
    this.#down |= 1 << slot
    this.#bus.raise()
  }

  reset(): void {
    this.#selected = 0
    this.#up = 0 // the firmware finds what is there
    for (let slot = 0; slot < 32; slot++) if (this.#down & (1 << slot)) this.#eject(slot)
  }

  /** Narrower reads get the lowest bits. */
  read(offset: number, size: PortSize): number {
    const value = this.#register(offset) >>> 0
    return size === 4 ? value : value & (2 ** (8 * size) - 1)
  }

  write(offset: number, _size: PortSize, value: number): void {
    if (offset === registers.bus) this.#selected = value
    if (offset !== registers.eject || this.#selected !== 0 || value === 0) return
    this.#eject(31 - Math.clz32(value & -value)) // one at a time: the lowest
  }

  save(): unknown {
    return { up: this.#up, down: this.#down, selected: this.#selected }
  }

  /** @param state - undefined if there was none */
  restore(state: unknown): void {
    const { up = 0, down = 0, selected = 0 } = (state ?? {}) as Readonly<Record<string, number>>
    this.#up = up
    this.#down = down
    this.#selected = selected
  }

  #register(offset: number): number {
    if (offset === registers.bus) return this.#selected
    if (this.#selected !== 0) return 0
    switch (offset) {
      case registers.up:
        return this.#up
      case registers.down:
        return this.#down
      case registers.removable:
        return Array.from({ length: 32 }, (_, slot) => slot)
          .filter((slot) => !this.#bus.fixed(slot))
          .reduce((mask, slot) => mask | (1 << slot), 0)
      default:
        return 0
    }
  }

  #eject(slot: number): void {
    this.#down &= ~(1 << slot)
    this.#up &= ~(1 << slot)
    this.#bus.eject(slot)
  }
}
