import type { BusRam } from '../../board/index.ts'
import { isBroadcast } from '../nic/group-hash.ts'
import { header, receive, register } from './registers.ts'

const headerLength = 4
/** The guest says how far it has read less this. */
const behind = 16
/** What the chip takes at the most, with its checksum. */
const longestFrame = 4096
/** What a guest that has a frame go on behind the buffer's end has there, by the chip's data sheet. */
const roomBehind = 1536

/** What a frame was sent to, in the words of whoever tells it. */
export function sentTo<Word>(
  frame: Uint8Array,
  words: { readonly broadcast: Word; readonly group: Word; readonly own: Word },
): Word {
  if (isBroadcast(frame)) return words.broadcast
  return frame[0]! & 1 ? words.group : words.own
}

/** The one buffer for what comes that the old card has: frames follow each other in it, and it has no end. */
export class ReceiveBuffer {
  readonly #ram: BusRam
  readonly #registers: DataView

  constructor(ram: BusRam, registers: DataView) {
    this.#ram = ram
    this.#registers = registers
  }

  reset(): void {
    this.#registers.setUint16(register.readPointer, 0x10000 - behind, true)
    this.#registers.setUint16(register.writePointer, 0, true)
  }

  get isEmpty(): boolean {
    return this.#read === this.#write
  }

  /** @param frame - with room for its checksum @returns false if it does not fit at the moment */
  put(frame: Uint8Array): boolean | 'too long' {
    if (frame.length > longestFrame) return 'too long'
    const size = this.#size
    const free = (size + this.#read - this.#write) % size
    const needed = (headerLength + frame.length + 3) & ~3
    if (free !== 0 && needed >= free) return false
    const at = this.#write
    // Behind its end there is room for the rest of a frame, if the guest says so.
    const runsOver = size < 0x10000 && (this.#registers.getUint8(register.rxConfig) & receive.runsOver) !== 0
    if (runsOver && at + headerLength + frame.length > size + roomBehind) return 'too long'
    const bytes = new Uint8Array(headerLength + frame.length)
    new DataView(bytes.buffer).setUint16(0, header.whole | sentTo(frame, header), true)
    new DataView(bytes.buffer).setUint16(2, frame.length, true)
    bytes.set(frame, headerLength)
    const base = this.#registers.getUint32(register.rxBuffer, true)
    const whole = runsOver ? bytes.length : Math.min(bytes.length, size - at)
    this.#ram.write(base + at, bytes.subarray(0, whole))
    if (whole < bytes.length) this.#ram.write(base, bytes.subarray(whole))
    this.#registers.setUint16(register.writePointer, (at + needed) % size, true)
    return true
  }

  get #read(): number {
    return (this.#registers.getUint16(register.readPointer, true) + behind) % this.#size
  }

  get #write(): number {
    return this.#registers.getUint16(register.writePointer, true) % this.#size
  }

  get #size(): number {
    return 8192 << ((this.#registers.getUint16(register.rxConfig, true) >> 11) & 3)
  }
}
