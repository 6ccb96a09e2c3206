import { type ConfigSpace, command, interruptPending, register } from '../../pci/config-space.ts'
import { pirqRoutes } from '../../pci/pc-functions.ts'
import type { V86Cpu } from '../v86-internals.ts'

/** Set in a route: the line goes nowhere. */
const unrouted = 0x80

/**
 * The way of the PCI bus's four interrupt lines to the interrupt controllers, through the ISA bridge's routes. Functions
 * share lines, and lines share interrupts: an interrupt is asserted while any function behind it wants it. v86 lets one
 * function's end of an interrupt end those of the others, and takes any route for a number.
 */
export class PciInterrupts {
  readonly #cpu: V86Cpu
  readonly #isaBridge: ConfigSpace
  readonly #wanting = new Map<ConfigSpace, boolean>()

  constructor(cpu: V86Cpu, isaBridge: ConfigSpace) {
    this.#cpu = cpu
    this.#isaBridge = isaBridge
  }

  /** A function asserts its interrupt pin, or lets go of it. */
  set(space: ConfigSpace, wanted: boolean): void {
    this.#wanting.set(space, wanted)
    space.setInterruptPending(wanted)
    this.update(space)
  }

  /** A function's interrupt may have been switched off or on. */
  update(space: ConfigSpace): void {
    const line = lineOf(space)
    if (line !== undefined) this.#drive(this.#interruptOf(line))
  }

  /** Routes have changed. @param before - the four of them as they were */
  rerouted(before: readonly number[]): void {
    for (const interrupt of new Set([...before, ...this.routes()])) this.#drive(interrupt)
  }

  /** The interrupts that the four lines go to; values of 16 and more stand for none. */
  routes(): readonly number[] {
    return [0, 1, 2, 3].map((line) => this.#interruptOf(line))
  }

  /** Takes from a function's status whether it wants an interrupt. */
  restore(space: ConfigSpace): void {
    this.#wanting.set(space, (space.bytes[register.status]! & interruptPending) !== 0)
  }

  /** A function goes: it wants no interrupt any more. */
  forget(space: ConfigSpace): void {
    this.set(space, false)
    this.#wanting.delete(space)
  }

  reset(): void {
    this.#wanting.clear()
  }

  #interruptOf(line: number): number {
    const route = this.#isaBridge.bytes[pirqRoutes + line]!
    return route & unrouted ? unrouted : route
  }

  #drive(interrupt: number): void {
    if (interrupt >= 16) return
    const wanted = [...this.#wanting].some(([space, wants]) => {
      const line = lineOf(space)
      const enabled = (space.command & command.interruptDisable) === 0
      return wants && enabled && line !== undefined && this.#interruptOf(line) === interrupt
    })
    if (wanted) this.#cpu.device_raise_irq(interrupt)
    else this.#cpu.device_lower_irq(interrupt)
  }
}

/** Which of the bus's lines a function's pin is wired to: they turn by one from slot to slot. */
function lineOf({ shape: { slot }, bytes }: ConfigSpace): number | undefined {
  const pin = bytes[register.interruptPin]!
  return pin === 0 ? undefined : (pin - 1 + slot - 1) & 3
}
