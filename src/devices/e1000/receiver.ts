import type { BusRam } from '../../board/index.ts'
import { cause, receive, register } from './registers.ts'

const descriptorLength = 16
const done = 0x01
const endOfPacket = 0x02
const notSummed = 0x04
const shortestFrame = 60
const checksumLength = 4

/** Puts frames into the guest's descriptors. */
export class Receiver {
  readonly #ram: BusRam
  readonly #registers: Uint32Array

  constructor(ram: BusRam, registers: Uint32Array) {
    this.#ram = ram
    this.#registers = registers
  }

  /** @returns causes of interrupts; undefined if there is no room at the moment */
  put(bytes: Uint8Array): number | undefined {
    const control = this.#control
    const padded = Math.max(shortestFrame, bytes.length)
    const total = padded + (control & receive.stripChecksum ? 0 : checksumLength)
    const size = this.#bufferSize
    const count = this.#word(register.rxLength) / descriptorLength
    if (count < 1 || this.#free(count) * size < total) return undefined
    const frame = new Uint8Array(total)
    frame.set(bytes)
    const base = this.#word(register.rxBase) + this.#word(register.rxBaseHigh) * 2 ** 32
    for (let from = 0; from < total; from += size) {
      const head = this.#word(register.rxHead)
      const address = base + head * descriptorLength
      const to = Math.min(total, from + size)
      this.#fill(address, frame.subarray(from, to), to === total)
      this.#registers[register.rxHead >> 2] = head + 1 >= count ? 0 : head + 1
    }
    return cause.received | (this.#isLow(count) ? cause.fewBuffers : 0)
  }

  #fill(address: number, bytes: Uint8Array, isLast: boolean): void {
    const descriptor = Uint8Array.from(this.#ram.read(address, descriptorLength))
    const view = new DataView(descriptor.buffer)
    const buffer = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
    if (buffer !== 0) this.#ram.write(buffer, bytes)
    view.setUint16(8, bytes.length, true)
    view.setUint16(10, 0, true)
    descriptor[12] = done | (isLast ? endOfPacket | notSummed : 0)
    view.setUint16(14, 0, true)
    descriptor[13] = 0
    this.#ram.write(address, descriptor)
  }

  /** Descriptors that the guest has given. */
  #free(count: number): number {
    const head = this.#word(register.rxHead)
    const tail = this.#word(register.rxTail)
    if (head >= count || tail > count) return 0
    return tail >= head ? tail - head : count + tail - head
  }

  #isLow(count: number): boolean {
    const threshold = count >> (((this.#control >> 8) & 3) + 1)
    return this.#free(count) <= threshold
  }

  get #control(): number {
    return this.#registers[register.receiveControl >> 2]!
  }

  get #bufferSize(): number {
    const code = (this.#control >> 16) & 3
    return this.#control & receive.largeBuffers && code !== 0 ? 32_768 >> code : 2048 >> code
  }

  #word(offset: number): number {
    return this.#registers[offset >> 2]!
  }
}
