import type { GuestMemory } from './guest-memory.ts'
import type { V86Cpu, V86Emulator } from './v86-internals.ts'

const vector = 2
/** Descriptor privilege level in a gate's access byte. */
const userLevel = 0x60

/**
 * The CPU's line for non-maskable interrupts. v86 has none, but lets its INT instruction be called between two slices.
 *
 * One goes before each slice, so that the guest has executed something since the last. A CPU that stands still remembers
 * one, as a real one does.
 */
export class NmiLine {
  readonly #emulator: V86Emulator
  #pending = 0

  /** Make it before what catches failures of a slice: a guest without a handler fails there, and is reset. */
  constructor(emulator: V86Emulator, memory: GuestMemory) {
    this.#emulator = emulator
    const loop = emulator.v86
    const tick = loop.do_tick
    loop.do_tick = () => {
      if (this.#pending > 0) {
        this.#pending--
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
