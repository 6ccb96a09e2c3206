import type { CpuRegisters, SegmentRegister } from '../board.ts'
import type { V86Cpu } from './v86-internals.ts'

const segmentOrder = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'tr', 'ldt'] as const

/** The CPU's registers; consistent between two slices of execution only. */
export function readRegisters(cpu: V86Cpu): CpuRegisters {
  const { exports } = cpu.wm
  const [eax, ecx, edx, ebx, esp, ebp, esi, edi] = Array.from({ length: 8 }, (_, index) => cpu.reg32[index]! >>> 0)
  const segments = Object.fromEntries(segmentOrder.map((name, index) => [name, segment(cpu, index)]))
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
    segments: segments as CpuRegisters['segments'],
    gdt: { base: cpu.gdtr_offset[0]! >>> 0, limit: cpu.gdtr_size[0]! },
    idt: { base: cpu.idtr_offset[0]! >>> 0, limit: cpu.idtr_size[0]! },
    cr0: cpu.cr[0]! >>> 0,
    cr2: cpu.cr[2]! >>> 0,
    cr3: cpu.cr[3]! >>> 0,
    cr4: cpu.cr[4]! >>> 0,
    dr: Array.from({ length: 8 }, (_, index) => cpu.dreg[index]! >>> 0),
  }
}

function segment(cpu: V86Cpu, index: number): SegmentRegister {
  return {
    selector: cpu.sreg[index]! & 0xffff,
    base: cpu.segment_offsets[index]! >>> 0,
    limit: cpu.segment_limits[index]! >>> 0,
    flags: cpu.segment_access_bytes[index]! << 8,
  }
}
