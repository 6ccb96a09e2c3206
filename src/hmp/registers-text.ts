import type { CpuRegisters, SegmentRegister } from '../board/index.ts'

const hex = (value: number | bigint, digits: number): string =>
  BigInt.asUintN(digits * 4, BigInt(value))
    .toString(16)
    .padStart(digits, '0')

/** Flags that have a letter, from the highest bit to the lowest. */
const flagLetters = [
  [10, 'D'],
  [11, 'O'],
  [7, 'S'],
  [6, 'Z'],
  [4, 'A'],
  [2, 'P'],
  [0, 'C'],
] as const

const segmentNames = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldt', 'tr'] as const

/** All registers of a CPU, as `info registers` shows those of a 32-bit one. */
export function registersText(registers: CpuRegisters): string {
  return [
    ...generalLines(registers),
    ...segmentNames.map((name) => segmentLine(name, registers.segments[name], (registers.cr0 & 1) === 1)),
    `GDT=     ${hex(registers.gdt.base, 8)} ${hex(registers.gdt.limit, 8)}`,
    `IDT=     ${hex(registers.idt.base, 8)} ${hex(registers.idt.limit, 8)}`,
    `CR0=${hex(registers.cr0, 8)} CR2=${hex(registers.cr2, 8)} CR3=${hex(registers.cr3, 8)} CR4=${hex(registers.cr4, 8)}`,
    `${registers.dr
      .slice(0, 4)
      .map((value, index) => `DR${index}=${hex(value, 8)} `)
      .join('')}`,
    `DR6=${hex(registers.dr[6]!, 8)} DR7=${hex(registers.dr[7]!, 8)}`,
    `EFER=${hex(registers.efer, 16)}`,
    ...fpuLines(registers),
    '',
  ].join('\n')
}

function generalLines(r: CpuRegisters): string[] {
  const flags = flagLetters.map(([bit, letter]) => ((r.eflags >> bit) & 1 ? letter : '-')).join('')
  return [
    `EAX=${hex(r.eax, 8)} EBX=${hex(r.ebx, 8)} ECX=${hex(r.ecx, 8)} EDX=${hex(r.edx, 8)}`,
    `ESI=${hex(r.esi, 8)} EDI=${hex(r.edi, 8)} EBP=${hex(r.ebp, 8)} ESP=${hex(r.esp, 8)}`,
    `EIP=${hex(r.eip, 8)} EFL=${hex(r.eflags, 8)} [${flags}] CPL=${r.cpl} II=0 A20=1 SMM=0 HLT=${r.halted ? 1 : 0}`,
  ]
}

const systemTypes = [
  'Reserved',
  'TSS16-avl',
  'LDT',
  'TSS16-busy',
  'CallGate16',
  'TaskGate',
  'IntGate16',
  'TrapGate16',
  'Reserved',
  'TSS32-avl',
  'Reserved',
  'TSS32-busy',
  'CallGate32',
  'Reserved',
  'IntGate32',
  'TrapGate32',
]

/** A segment; in protected mode, if the segment is present, also what its descriptor says. */
function segmentLine(name: string, { selector, base, limit, flags }: SegmentRegister, protectedMode: boolean): string {
  const head = `${name.toUpperCase().padEnd(3)}=${hex(selector, 4)} ${hex(base, 8)} ${hex(limit, 8)} ${hex(flags, 8)}`
  const bit = (number: number): boolean => ((flags >> number) & 1) === 1
  if (!protectedMode || !bit(15)) return head
  const privilege = (flags >> 13) & 3
  if (!bit(12)) return `${head} DPL=${privilege} ${systemTypes[(flags >> 8) & 15]}`
  const code = bit(11)
  const kind = code ? (bit(21) ? 'CS64' : bit(22) ? 'CS32' : 'CS16') : bit(22) ? 'DS  ' : 'DS16'
  const rights = `${bit(10) ? (code ? 'C' : 'E') : '-'}${bit(9) ? (code ? 'R' : 'W') : '-'}${bit(8) ? 'A' : '-'}`
  return `${head} DPL=${privilege} ${kind} [${rights}]`
}

function fpuLines({ fpu, mxcsr, xmm }: CpuRegisters): string[] {
  const top = (fpu.statusWord >> 11) & 7
  const fpr = fpu.registers.map(
    ({ mantissa, exponent }, index) => `FPR${index}=${hex(mantissa, 16)} ${hex(exponent, 4)}`,
  )
  const wide = xmm.map((value, index) => `XMM0${index}=${hex(value >> 64n, 16)} ${hex(value, 16)}`)
  return [
    `FCW=${hex(fpu.controlWord, 4)} FSW=${hex(fpu.statusWord, 4)} [ST=${top}] FTW=${hex(fpu.tags, 2)} MXCSR=${hex(mxcsr, 8)}`,
    ...pairs(fpr),
    ...pairs(wide),
  ]
}

function pairs(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => (index % 2 === 0 ? [`${text} ${texts[index + 1]}`] : []))
}
