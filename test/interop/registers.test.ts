import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Board, CpuRegisters } from '../../src/board/index.ts'
import { guestBoard } from '../guests/guest-board.ts'
import { ProbeBoard } from '../guests/probe-board.ts'
import { callCode, poke, probeBios, type Question, questionBytes } from '../guests/probe-guest.ts'
import { protectedModeRegisters, realModeRegisters, registerProgram, registerTables } from '../guests/register-guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Guest, qemu } from './guest.ts'

/** `info registers` of a 32-bit CPU, without what QEMU derives from these numbers (flag letters, kinds of segments). */
function asQemuPrints(registers: CpuRegisters): string {
  const hex = (value: number | bigint, digits = 8): string => value.toString(16).padStart(digits, '0')
  const { segments, fpu } = registers
  const segment = (name: keyof typeof segments): string => {
    const { selector, base, limit, flags } = segments[name]
    return `${name.toUpperCase().padEnd(3)}=${hex(selector, 4)} ${hex(base)} ${hex(limit)} ${hex(flags)}`
  }
  const { eax, ebx, ecx, edx, esi, edi, ebp, esp, eip, eflags, cpl, halted } = registers
  return [
    `EAX=${hex(eax)} EBX=${hex(ebx)} ECX=${hex(ecx)} EDX=${hex(edx)}`,
    `ESI=${hex(esi)} EDI=${hex(edi)} EBP=${hex(ebp)} ESP=${hex(esp)}`,
    `EIP=${hex(eip)} EFL=${hex(eflags)} CPL=${cpl} HLT=${halted ? 1 : 0}`,
    ...(['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldt', 'tr'] as const).map(segment),
    `GDT=     ${hex(registers.gdt.base)} ${hex(registers.gdt.limit)}`,
    `IDT=     ${hex(registers.idt.base)} ${hex(registers.idt.limit)}`,
    `CR0=${hex(registers.cr0)} CR2=${hex(registers.cr2)} CR3=${hex(registers.cr3)} CR4=${hex(registers.cr4)}`,
    ...[0, 1, 2, 3, 6, 7].map((index) => `DR${index}=${hex(registers.dr[index]!)}`),
    `EFER=${hex(registers.efer, 16)}`,
    `FCW=${hex(fpu.controlWord, 4)} FSW=${hex(fpu.statusWord, 4)} FTW=${hex(fpu.tags, 2)} MXCSR=${hex(registers.mxcsr)}`,
    ...fpu.registers.map(({ mantissa, exponent }, index) => `FPR${index}=${hex(mantissa, 16)} ${hex(exponent, 4)}`),
    ...registers.xmm.map(
      (value, index) => `XMM0${index}=${hex(value >> 64n, 16)} ${hex(value & 0xffffffffffffffffn, 16)}`,
    ),
  ].join('\n')
}

/** QEMU's text in the same form. */
function comparable(text: string): string {
  return text
    .replace(/^\s*CPU#0\s*/, '')
    .replace(/ \[[^\]]*\]| II=\d| A20=\d| SMM=\d| DPL=.*$/gm, '')
    .replace(/ (DR\d=|FPR\d=|XMM\d\d=)/g, '\n$1')
    .replace(/[ \r]+$/gm, '')
    .replace(/\n+/g, '\n')
    .trim()
}

async function untilHalted(board: Board): Promise<CpuRegisters> {
  for (;;) {
    const registers = await board.registers()
    if (registers.halted) return registers
  }
}

async function qemuRegisters(t: TestContext, bios: Uint8Array, questions: readonly Question[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-registers-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'bios.bin')
  await writeFile(path, bios)
  await using guest = await Guest.start(qemu, ['-bios', path], t.signal)
  guest.sendSerial(questionBytes(questions))
  await guest.execute('cont')
  for (;;) {
    t.signal.throwIfAborted()
    const text = (await guest.execute('human-monitor-command', { 'command-line': 'info registers' })) as string
    if (text.includes('HLT=1')) return comparable(text)
  }
}

describe('the registers of the CPU', { skip: missingProgram(qemu[0]!) }, () => {
  test('are those that a guest in protected mode has set, as QEMU tells them', async (t) => {
    const program = protectedModeRegisters()
    const questions = [
      ...registerTables.flatMap(([address, words]) => words.map((word, index) => poke(address + index * 4, 4, word))),
      ...[...program].map((byte, index) => poke(registerProgram + index, 1, byte)),
    ]
    const probe = await ProbeBoard.start(t)
    await probe.ask(...questions)
    void probe.ask(callCode(registerProgram))
    const ours = asQemuPrints(await untilHalted(probe.board))
    assert.equal(ours, await qemuRegisters(t, probeBios(), [...questions, callCode(registerProgram)]))
  })

  test('are those that a guest in real mode has set, as QEMU tells them', async (t) => {
    const bios = realModeRegisters()
    const { board } = await guestBoard(t, [], { firmware: { bios, vgaBios: undefined } })
    await board.resume()
    const ours = asQemuPrints(await untilHalted(board))
    assert.match(ours, /EDX=00000673/, 'what CPUID tells of the processor')
    assert.match(ours, /FPR7=0000000087221107 ffff/, 'an MMX register has all bits of its exponent set, but in QEMU')
    const common = ours.replace(/(FPR\d=\w+) ffff/g, '$1 0000').replace('EDX=00000673', 'EDX=00000663')
    assert.equal(common, await qemuRegisters(t, bios, []))
  })
})
