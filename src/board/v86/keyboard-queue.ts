import type { V86Emulator } from './v86-internals.ts'

/** A PS/2 keyboard's own buffer: more would wait in v86 unseen. */
const keyboardBytes = 16
/** Scan codes that wait for room; beyond it they are lost, as with QEMU. */
const waitingLimit = 1024

/** Passes scan codes to the guest's keyboard no faster than the guest takes them. */
export class KeyboardQueue {
  readonly #emulator: V86Emulator
  #waiting: number[] = []

  constructor(emulator: V86Emulator) {
    this.#emulator = emulator
  }

  send(scanCodes: readonly number[]): void {
    if (this.#waiting.length + scanCodes.length > waitingLimit) return
    this.#waiting.push(...scanCodes)
    this.move()
  }

  /** Called after every slice of execution. */
  move(): void {
    const { ps2 } = this.#emulator.v86.cpu.devices
    while (this.#waiting.length > 0 && ps2.kbd_buffer.length < keyboardBytes) {
      this.#emulator.bus.send('keyboard-code', this.#waiting.shift())
    }
  }

  reset(): void {
    this.#waiting = []
  }
}
