import type { BiosKeyboard } from '../../firmware/bios-keyboard.ts'
import type { Ps2Keyboard } from './ps2-keyboard.ts'

/** Scan codes that wait for room; beyond it they are lost, as with QEMU. */
const waitingLimit = 1024

/**
 * Passes scan codes to the guest's keyboard no faster than the guest takes them: QEMU loses what a keyboard has no room
 * for, and the BIOS loses what its buffer has no room for. A key's codes come together.
 */
export class KeyboardQueue {
  readonly #keyboard: Ps2Keyboard
  readonly #bios: Pick<BiosKeyboard, 'room' | 'waiting'>
  #waiting: number[][] = []
  #count = 0

  constructor(keyboard: Ps2Keyboard, bios: Pick<BiosKeyboard, 'room' | 'waiting'>) {
    this.#keyboard = keyboard
    this.#bios = bios
  }

  send(scanCodes: readonly number[]): void {
    if (this.#count + scanCodes.length > waitingLimit) return
    this.#waiting.push(...keysOf(scanCodes))
    this.#count += scanCodes.length
    this.move()
  }

  /** Called after every slice of execution. */
  move(): void {
    for (let codes = this.#waiting[0]; codes !== undefined && this.#hasRoom(codes); codes = this.#waiting[0]) {
      this.#waiting.shift()
      this.#count -= codes.length
      this.#keyboard.press(codes)
    }
  }

  /** What the guest has not taken yet: bytes, and keys in the buffer of the BIOS. */
  get waiting(): number {
    return this.#count + this.#keyboard.queue.length + this.#bios.waiting
  }

  /** Each byte in the keyboard may become a key. */
  #hasRoom(codes: readonly number[]): boolean {
    return this.#keyboard.takes(codes) && this.#keyboard.queue.length + codes.length <= this.#bios.room
  }

  reset(): void {
    this.#waiting = []
    this.#count = 0
  }
}

/** Bytes of set 1 as the codes of single keys: one byte, two with the prefix 0xE0, three with 0xE1. */
function keysOf(scanCodes: readonly number[]): number[][] {
  const keys: number[][] = []
  for (let at = 0; at < scanCodes.length; ) {
    const length = scanCodes[at] === 0xe0 ? 2 : scanCodes[at] === 0xe1 ? 3 : 1
    keys.push(scanCodes.slice(at, at + length))
    at += length
  }
  return keys
}
