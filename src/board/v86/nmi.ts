import { BoardError } from '../board-error.ts'
import type { GuestMemory } from './guest-memory.ts'
import type { V86Cpu } from './v86-internals.ts'

const vector = 2
/** Descriptor privilege level in a gate's access byte. */
const userLevel = 0x60

/**
 * Delivers a non-maskable interrupt between two instructions. v86 has no NMI, but lets its INT instruction be called: in
 * user mode the gate is opened for that moment, since an INT is checked against the caller's privilege.
 *
 * @throws {BoardError} kind `unavailable`, if the guest's interrupt table has no entry for it: delivery would crash v86
 */
export function raiseNmi(cpu: V86Cpu, memory: GuestMemory): void {
  const isProtected = cpu.protected_mode[0] !== 0
  if (cpu.idtr_size[0]! < (isProtected ? vector * 8 + 7 : vector * 4 + 3)) {
    throw new BoardError('unavailable', 'the guest has no interrupt table for an NMI')
  }
  cpu.previous_ip[0] = cpu.instruction_pointer[0]!
  cpu.in_hlt[0] = 0
  if (!isProtected || cpu.cpl[0] === 0) {
    cpu.wm.exports.instr_CD(vector)
    return
  }
  const gate = memory.translate((cpu.idtr_offset[0]! >>> 0) + vector * 8 + 5)
  if (gate === undefined) throw new BoardError('unavailable', "the guest's interrupt table is not mapped")
  const access = memory.ram[gate]!
  memory.ram[gate] = access | userLevel
  try {
    cpu.wm.exports.instr_CD(vector)
  } finally {
    memory.ram[gate] = access
  }
}
