const registers = { data: 0, status: 1, control: 2 } as const

/** What the printer says; BUSY is 0 while it works. */
const status = { busy: 0x80, acknowledge: 0x40, online: 0x10, error: 0x08, timeout: 0x01 } as const
/** What the port says to the printer. */
const control = { input: 0x20, interrupts: 0x10, select: 0x08, initialize: 0x04, strobe: 0x01 } as const
/** Bits of the control register that read as ones. */
const unused = 0xc0
const idle = status.busy | status.acknowledge | status.online | status.error

export interface CentronicsState {
  readonly data: number
  readonly status: number
  readonly control: number
  readonly pending: boolean
}

/** Where bytes and interrupts of a port go. */
export interface CentronicsWires {
  print(byte: number): void
  interrupt(asserted: boolean): void
}

/**
 * The registers of a standard parallel port, and the handshake of a printer that needs no time: it takes a byte when the
 * strobe begins, and is no longer busy when its status has been read twice.
 */
export class Centronics {
  readonly #wires: CentronicsWires
  #data = 0xff
  #status = idle | status.timeout
  #control = unused | control.select | control.initialize
  #pending = false

  constructor(wires: CentronicsWires) {
    this.#wires = wires
  }

  reset(): void {
    this.#data = 0xff
    this.#status = idle | status.timeout
    this.#control = unused | control.select | control.initialize
    this.#pending = false
  }

  read(register: number): number {
    if (register === registers.data) return (this.#control & control.input) !== 0 ? 0xff : this.#data
    if (register === registers.control) return this.#control
    return register === registers.status ? this.#readStatus() : 0xff
  }

  write(register: number, value: number): void {
    if (register === registers.data) this.#data = value
    else if (register === registers.control) this.#writeControl(value | unused)
    this.#updateInterrupt()
  }

  #readStatus(): number {
    const told = this.#status
    this.#pending = false
    if ((told & status.busy) === 0 && (this.#control & control.strobe) === 0) {
      if ((told & status.acknowledge) !== 0) this.#status &= ~status.acknowledge
      else this.#status |= status.acknowledge | status.busy
    }
    this.#updateInterrupt()
    return told
  }

  #writeControl(value: number): void {
    if ((value & control.initialize) === 0) {
      this.#status = idle
    } else if ((value & control.select) !== 0) {
      if ((value & control.strobe) !== 0) {
        this.#status &= ~status.busy
        if ((this.#control & control.strobe) === 0) this.#wires.print(this.#data)
      } else if ((this.#control & control.interrupts) !== 0) {
        this.#pending = true
      }
    }
    this.#updateInterrupt()
    this.#control = value
  }

  #updateInterrupt(): void {
    this.#wires.interrupt(this.#pending)
  }

  save(): CentronicsState {
    return { data: this.#data, status: this.#status, control: this.#control, pending: this.#pending }
  }

  restore({ data, status, control, pending }: CentronicsState): void {
    this.#data = data & 0xff
    this.#status = status & 0xff
    this.#control = control & 0xff
    this.#pending = pending === true
    this.#updateInterrupt()
  }
}
