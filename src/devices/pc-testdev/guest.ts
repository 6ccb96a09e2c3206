import {
  byteRegisters,
  type DeviceBus,
  type GuestDevice,
  type GuestSide,
  type InterruptLine,
  type PortSize,
} from '../../board/index.ts'

/** A register of 32 bits; a page to be mapped anew; the register once more, a byte at a time; interrupts. */
const ports = { register: 0xe0, flush: 0xe4, bytes: 0xe8, interrupts: 0x2000 } as const
const interruptPorts = 24
const isaInterrupts = 16

export const guest: GuestSide = ({ bus }) => new PcTestdev(bus)

class PcTestdev implements GuestDevice {
  readonly #bus: DeviceBus
  readonly #lines = new Map<number, InterruptLine>()
  #register = 0

  constructor(bus: DeviceBus) {
    this.#bus = bus
    const whole = {
      read: (offset: number, size: PortSize) => this.#read(offset, size),
      write: (offset: number, size: PortSize, value: number) => this.#write(offset, size, value),
    }
    bus.ports(4, whole).move(ports.register)
    bus.ports(4, { read: () => 0, write: () => undefined }).move(ports.flush) // nothing caches mappings of the host's
    const byte = {
      read: (at: number) => this.#read(at, 1),
      write: (at: number, value: number) => this.#write(at, 1, value),
    }
    bus.ports(4, byteRegisters(4, byte)).move(ports.bytes)
    const interrupts = {
      read: () => 0,
      write: (line: number, value: number) => {
        if (line < isaInterrupts) this.#line(line).set(value !== 0)
      },
    }
    bus.ports(interruptPorts, byteRegisters(interruptPorts, interrupts)).move(ports.interrupts)
  }

  save(): unknown {
    return this.#register
  }

  restore(state: unknown): void {
    if (typeof state !== 'number') throw new Error('the register is no number')
    this.#register = state >>> 0
  }

  #read(offset: number, size: PortSize): number {
    return (this.#register >>> (offset * 8)) % 2 ** (size * 8)
  }

  #write(offset: number, size: PortSize, value: number): void {
    const mask = ((2 ** (size * 8) - 1) << (offset * 8)) >>> 0
    this.#register = ((this.#register & ~mask) | (value << (offset * 8))) >>> 0
  }

  #line(line: number): InterruptLine {
    const there = this.#lines.get(line) ?? this.#bus.interrupt(line)
    this.#lines.set(line, there)
    return there
  }
}
