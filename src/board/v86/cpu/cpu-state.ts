import type { CpuRegisters, FpuRegisters } from '../../board.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import type { V86Cpu } from '../v86-internals.ts'
import { readSegments } from './segments.ts'

/** The CPU's registers; consistent between two slices of execution only. */
export function readRegisters(cpu: V86Cpu, memory: GuestMemory): CpuRegisters {
  const { exports } = cpu.wm
  const [eax, ecx, edx, ebx, esp, ebp, esi, edi] = Array.from({ length: 8 }, (_, index) => cpu.reg32[index]! >>> 0)
  return {
    eax: eax!,
    ebx: ebx!,
    ecx: ecx!,
    edx: edx!,
    esi: esi!,
    edi: edi!,
    ebp: ebp!,
    esp: esp!,
    eip: exports.get_real_eip() >>> 0,
    eflags: exports.get_eflags() >>> 0,
    cpl: cpu.cpl[0]!,
    halted: cpu.in_hlt[0] !== 0,
    segments: readSegments(cpu, memory),
    gdt: { base: cpu.gdtr_offset[0]! >>> 0, limit: cpu.gdtr_size[0]! },
    idt: { base: cpu.idtr_offset[0]! >>> 0, limit: cpu.idtr_size[0]! },
    cr0: cpu.cr[0]! >>> 0,
    cr2: cpu.cr[2]! >>> 0,
    cr3: cpu.cr[3]! >>> 0,
    cr4: cpu.cr[4]! >>> 0,
    dr: Array.from({ length: 8 }, (_, index) => cpu.dreg[index]! >>> 0),
    efer: 0, // v86 has no long mode
    fpu: fpu(cpu),
    mxcsr: cpu.mxcsr[0]! >>> 0,
    xmm: Array.from({ length: 8 }, (_, index) => word128(cpu.reg_xmm32s, index * 4)),
  }
}

function fpu(cpu: V86Cpu): FpuRegisters {
  return {
    controlWord: cpu.fpu_control_word[0]!,
    statusWord: cpu.wm.exports.fpu_load_status_word() & 0xffff,
    tags: ~cpu.fpu_stack_empty[0]! & 0xff,
    registers: Array.from({ length: 8 }, (_, index) => ({
      mantissa: word64(cpu.fpu_st, index * 4),
      exponent: cpu.fpu_st[index * 4 + 2]! & 0xffff,
    })),
  }
}

function word64(words: ArrayLike<number>, index: number): bigint {
  return (BigInt(words[index + 1]! >>> 0) << 32n) | BigInt(words[index]! >>> 0)
}

function word128(words: ArrayLike<number>, index: number): bigint {
  return (word64(words, index + 2) << 64n) | word64(words, index)
}
