/** Guests that give every register of the CPU a value that can be recognised, and halt. */
import { assemble, type Double } from '../../guests/assembler.ts'
import { biosGuest } from './bios-guest.ts'

/** Where the program of `protectedModeRegisters` must lie: it is 32-bit code. */
export const registerProgram = 0x9000
const tables = { gdt: 0xb000, ldt: 0xb100, tss: 0xb200 } as const

/** A segment descriptor. `attributes`: G, D, L, AVL in the upper four bits, the access byte in the lower eight. */
function descriptor(base: number, limit: number, attributes: number): [number, number] {
  return [
    ((base << 16) | (limit & 0xffff)) >>> 0,
    ((base & 0xff000000) |
      ((attributes & 0xf00) << 12) |
      (limit & 0xf0000) |
      ((attributes & 0xff) << 8) |
      ((base >>> 16) & 0xff)) >>>
      0,
  ]
}

const general: readonly (readonly [Double, number])[] = [
  ['eax', 0xa1b2c3d4],
  ['ebx', 0x0badf00d],
  ['ecx', 0x12345678],
  ['edx', 0xfedcba98],
  ['esi', 0x80000001],
  ['edi', 0x7fffffff],
  ['ebp', 0x00c0ffee],
]

/** 32-bit code for `registerProgram`, in a flat segment: segments of every kind, control, debug, x87 and SSE registers. */
export function protectedModeRegisters(): Uint8Array {
  return assemble(registerProgram, (asm) => {
    asm.bits32()
    asm.lgdt(asm.at('gdtPointer'))
    asm.lidt(asm.at('idtPointer'))
    asm.mov('ax', 0x30)
    asm.db(0x0f, 0x00, 0xd0) // lldt ax
    asm.mov('ax', 0x38)
    asm.db(0x0f, 0x00, 0xd8) // ltr ax
    for (const [control, value] of [
      [2, 0xdeadbeef],
      [3, 0x00123000],
      [4, 0x00000610],
    ] as const) {
      asm.mov('eax', value)
      asm.movToControl(control, 'eax')
    }
    for (const [index, value] of [0x11111111, 0x22222222, 0x33333333, 0x44444444].entries()) {
      asm.mov('eax', value)
      asm.db(0x0f, 0x23, 0xc0 | (index << 3)) // mov dr, eax
    }
    asm.db(0xdb, 0xe3) // fninit
    for (const number of ['pi', 'small']) {
      asm.db(0xdb, 0x2d) // fld tbyte [number]
      asm.dd(asm.at(number))
    }
    asm.db(0xd9, 0xe8, 0xd9, 0xe0, 0xd9, 0xee) // fld1; fchs; fldz
    asm.db(0xd9, 0x2d) // fldcw [controlWord]
    asm.dd(asm.at('controlWord'))
    asm.db(0x0f, 0xae, 0x15) // ldmxcsr [mxcsr]
    asm.dd(asm.at('mxcsr'))
    for (let index = 0; index < 8; index++) {
      asm.db(0x0f, 0x10, (index << 3) | 5) // movups xmm, [values + index]
      asm.dd(asm.at('values') + index)
    }
    asm.mov('esp', 0x6ff0)
    asm.db(0x68, 0xd7, 0x0c, 0x00, 0x00) // push 0CD7h: all flags but TF and IF
    for (const [segment, selector] of [
      [0xc0, 0x20], // es
      [0xe0, 0x18], // fs
      [0xe8, 0x0c], // gs
      [0xd8, 0x28], // ds
    ] as const) {
      asm.mov('ax', selector)
      asm.db(0x8e, segment)
    }
    asm.db(0x9d) // popfd
    for (const [register, value] of general) asm.mov(register, value)
    asm.label('end')
    asm.hlt()
    asm.jmp('end')

    asm.label('gdtPointer')
    asm.dw(0x3f)
    asm.dd(tables.gdt)
    asm.label('idtPointer')
    asm.dw(0x7ff)
    asm.dd(0x00abc000)
    asm.label('controlWord')
    asm.dw(0x027f)
    asm.label('mxcsr')
    asm.dd(0x00001fa0)
    asm.label('pi')
    asm.dd(0x2168c235, 0xc90fdaa2)
    asm.dw(0x4000)
    asm.label('small')
    asm.dd(0x9abcdef1, 0x92345678)
    asm.dw(0x8123)
    asm.label('values')
    asm.db(...Array.from({ length: 32 }, (_, index) => index * 7 + 1))
  })
}

/** The tables that `protectedModeRegisters` uses, by their addresses. */
export const registerTables: readonly (readonly [address: number, words: readonly number[]])[] = [
  [
    tables.gdt,
    [
      [0, 0] as const,
      descriptor(0, 0xfffff, 0xc9b), // code, flat
      descriptor(0, 0xfffff, 0xc93), // data, flat
      descriptor(0x12345678, 0x4321, 0x593), // bytes, 32 bits, available to software
      descriptor(0x00010000, 0xfffff, 0x090), // bytes, 16 bits, read-only, not accessed yet
      descriptor(0x00400000, 0x00010, 0xc96), // pages, expand-down, not accessed yet
      descriptor(tables.ldt, 0x17, 0x082),
      descriptor(tables.tss, 0x67, 0x089),
    ].flat(),
  ],
  [tables.ldt, [[0, 0] as const, descriptor(0x00009876, 0xffff, 0x493), [0, 0] as const].flat()],
]

/** The BIOS image of a guest in real mode, with MMX registers. */
export function realModeRegisters(): Uint8Array {
  const movSegment = (segment: number, value: number) => [0xb8, value & 0xff, value >> 8, 0x8e, segment] // mov ax, value
  return biosGuest(
    ...[...movSegment(0xc0, 0xb800), ...movSegment(0xe0, 0x1234), ...movSegment(0xe8, 0xffff)], // es, fs, gs
    ...[0xb8, 0x5a, 0xa5], // mov ax, A55Ah
    ...Array.from({ length: 8 }, (_, index) => [
      ...[0x66, 0xb8, index, 0x11, 0x22, 0x80 | index], // mov eax, 80221100h + ...
      ...[0x0f, 0x6e, 0xc0 | (index << 3)], // movd mm, eax
    ]).flat(),
    ...movSegment(0xd8, 0x0040), // ds
    ...[0xf9, 0xfd], // stc; std
  )
}
