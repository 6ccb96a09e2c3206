import type { CpuRegisters, SegmentRegister } from '../board.ts'

const segment = (flags: number, selector = 0, base = 0): SegmentRegister => ({ selector, base, limit: 0xffff, flags })
const data = segment(0x9300)

/** Registers of an x86 CPU that has just been reset, as QEMU 7.2 (`qemu-system-i386`) shows them. */
export const resetRegisters: CpuRegisters = {
  eax: 0,
  ebx: 0,
  ecx: 0,
  edx: 0x663,
  esi: 0,
  edi: 0,
  ebp: 0,
  esp: 0,
  eip: 0xfff0,
  eflags: 2,
  cpl: 0,
  halted: false,
  segments: {
    es: data,
    cs: segment(0x9b00, 0xf000, 0xffff0000),
    ss: data,
    ds: data,
    fs: data,
    gs: data,
    ldt: segment(0x8200),
    tr: segment(0x8b00),
  },
  gdt: { base: 0, limit: 0xffff },
  idt: { base: 0, limit: 0xffff },
  cr0: 0x60000010,
  cr2: 0,
  cr3: 0,
  cr4: 0,
  dr: [0, 0, 0, 0, 0, 0, 0xffff0ff0, 0x400],
  efer: 0,
  fpu: {
    controlWord: 0x37f,
    statusWord: 0,
    tags: 0,
    registers: Array.from({ length: 8 }, () => ({ mantissa: 0n, exponent: 0 })),
  },
  mxcsr: 0x1f80,
  xmm: Array.from({ length: 8 }, () => 0n),
}
