import type { GuestMemory } from '../memory/guest-memory.ts'
import type { V86Cpu, V86Emulator } from '../v86-internals.ts'

const vector = 2
/** FLAGS: interrupts are let in. */
const interruptFlag = 1 << 9
/** A handler that has not let interrupts in after so many instructions is taken for something else. */
const longestHandler = 1_000_000
/** Descriptor privilege level in a gate's access byte. */
const userLevel = 0x60

/**
 * The CPU's line for non-maskable interrupts. v86 has none, but lets its INT instruction be called between two slices.
 *
 * A real CPU lets the next one in when the handler of the last returns. That cannot be seen here; that interrupts are let
 * in again can, which handlers of NMIs do not do, and so can a CPU that halts. In a guest that does neither the next one
 * comes after a while. A CPU that stands still remembers one, as a real one does.
 */
export class NmiLine {
  readonly #emulator: V86Emulator
  #pending = 0
  /** The count of instructions when a handler was started that may be running still. */
  #begun: number | undefined

  /** Make it before what catches failures of a slice: a guest without a handler fails there, and is reset. */
  constructor(emulator: V86Emulator, memory: GuestMemory) {
    this.#emulator = emulator
    const loop = emulator.v86
    const tick = loop.do_tick
    loop.do_tick = () => {
      if (this.#pending > 0 && !this.#handles(loop.cpu)) {
        this.#pending--
        this.#begun = loop.cpu.instruction_counter[0]!
        raiseNmi(loop.cpu, memory)
      }
      tick.call(loop)
    }
  }

  request(): void {
    if (this.#emulator.v86.running) this.#pending++
    else this.#pending = 1
  }

  reset(): void {
    this.#pending = 0
    this.#begun = undefined
  }

  #handles({ flags, in_hlt, instruction_counter }: V86Cpu): boolean {
    if (this.#begun === undefined) return false
    const over = (flags[0]! & interruptFlag) !== 0 || in_hlt[0] !== 0
    if (!over && (instruction_counter[0]! - this.#begun) >>> 0 < longestHandler) return true
    this.#begun = undefined
    return false
  }
}

/**
 * Delivers a non-maskable interrupt. In user mode the gate is opened for that moment, since an INT is checked against
 * the caller's privilege.
 *
 * @throws whatever v86 throws for a fault that it cannot deliver, if the guest has no interrupt table for it
 */
function raiseNmi(cpu: V86Cpu, memory: GuestMemory): void {
  cpu.previous_ip[0] = cpu.instruction_pointer[0]!
  cpu.in_hlt[0] = 0
  if (cpu.protected_mode[0] === 0 || cpu.cpl[0] === 0) {
    cpu.wm.exports.instr_CD(vector)
    return
  }
  const gate = memory.translate((cpu.idtr_offset[0]! >>> 0) + vector * 8 + 5)
  const access = gate === undefined ? 0 : memory.ram[gate]!
  if (gate !== undefined) memory.ram[gate] = access | userLevel
  try {
    cpu.wm.exports.instr_CD(vector)
  } finally {
    if (gate !== undefined) memory.ram[gate] = access
  }
}
