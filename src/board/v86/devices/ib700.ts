import type { StatefulDevice, V86Cpu } from '../v86-internals.ts'
import type { GuestTimer, VirtualClock } from '../virtual-clock.ts'

/** Writing here disarms the watchdog. */
const stopPort = 0x441
/** Writing here feeds it: the low four bits tell for how long. */
const feedPort = 0x443

/** An iBASE 700 watchdog: between 0 and 30 seconds, in steps of two, counted down from the longest. */
export class Ib700 implements StatefulDevice {
  readonly #timer: GuestTimer

  /** @param bite - called when the guest has not fed it in time */
  constructor({ io }: V86Cpu, clock: VirtualClock, bite: () => void) {
    this.#timer = clock.timer(bite)
    io.register_write(stopPort, this, () => this.#timer.arm(undefined))
    io.register_write(feedPort, this, (value) => this.#timer.arm((15 - (value & 15)) * 2000))
  }

  reset(): void {
    this.#timer.arm(undefined)
  }

  /** The milliseconds that are left, or nothing. */
  get_state(): unknown[] {
    const { left } = this.#timer
    return left === undefined ? [] : [left]
  }

  set_state([left]: readonly unknown[]): void {
    this.#timer.arm(left as number | undefined)
  }
}
