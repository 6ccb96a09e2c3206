import type { BusRam } from '../../board/index.ts'
import { buffer, register } from './registers.ts'

const count = 4

/** The four buffers for sending that the old card has; they are sent in turn. */
export class SendBuffers {
  readonly #ram: BusRam
  readonly #registers: DataView
  next = 0

  constructor(ram: BusRam, registers: DataView) {
    this.#ram = ram
    this.#registers = registers
  }

  reset(): void {
    this.next = 0
    for (let index = 0; index < count; index++) this.#setStatus(index, buffer.read)
  }

  /** The guest has given one to be sent. */
  start(index: number): void {
    this.#setStatus(index, this.#status(index) & 0x003f_3fff)
  }

  /** The frame that is next; undefined if none is to be sent. */
  take(): Uint8Array | undefined {
    const status = this.#status(this.next)
    if (status & buffer.read) return undefined
    const address = this.#registers.getUint32(register.txAddress + 4 * this.next, true)
    const frame = Uint8Array.from(this.#ram.read(address, status & buffer.length))
    this.#setStatus(this.next, status | buffer.read | buffer.sent)
    this.next = (this.next + 1) % count
    return frame
  }

  /** Of each whether it was sent, and whether it has been read. */
  get summary(): number {
    let bits = 0
    for (let index = 0; index < count; index++) {
      const status = this.#status(index)
      if (status & buffer.sent) bits |= 0x1000 << index
      if (status & buffer.read) bits |= 1 << index
    }
    return bits
  }

  #status(index: number): number {
    return this.#registers.getUint32(register.txStatus + 4 * index, true)
  }

  #setStatus(index: number, status: number): void {
    this.#registers.setUint32(register.txStatus + 4 * index, status, true)
  }
}
