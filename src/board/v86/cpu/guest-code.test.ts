import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble } from '../../../../guests/assembler.ts'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import { ProbeBoard } from '../../../../test/guests/probe-board.ts'
import { callCode, poke } from '../../../../test/guests/probe-guest.ts'
import { tangledCode, tangledResult } from '../../../../test/guests/tangled-code.ts'
import type { V86Emulator } from '../v86-internals.ts'
import { patchGuestCode } from './guest-code.ts'

const resetVector = 0xffff0
const loopAddress = 0x1000
const codeAddress = 0x40000
/** Enters protected mode with flat segments, calls what lies at `codeAddress`, and halts. */
const toProtectedMode = assemble(loopAddress, (asm) => {
  asm.cli()
  asm.lgdt(asm.at('tablePointer'))
  asm.movFromControl('eax', 0)
  asm.op('or', 'eax', 1)
  asm.movToControl(0, 'eax')
  asm.jmpFar32(0x08, asm.at('flat'))
  asm.bits32()
  asm.label('flat')
  asm.mov('ax', 0x10)
  for (const segment of ['ds', 'es', 'ss'] as const) asm.mov(segment, 'ax')
  asm.mov('esp', 0x30000)
  asm.mov('eax', codeAddress)
  asm.db(0xff, 0xd0) // call eax
  asm.hlt()
  asm.label('tablePointer')
  asm.dw(0x17)
  asm.dd(asm.at('table'))
  asm.label('table')
  asm.dd(0, 0, 0x0000ffff, 0x00cf9a00, 0x0000ffff, 0x00cf9200)
})

test("v86 hands over what it makes of a guest's loop, and goes on in what has been compiled of it", {
  timeout: 300_000,
}, async (t) => {
  const { v86: loop } = await bareV86<V86Emulator>(t)
  const { cpu } = loop
  cpu.write_blob(Uint8Array.of(0xea, 0x00, 0x10, 0, 0), resetVector) // jmp 0:1000
  cpu.write_blob(Uint8Array.of(0x66, 0x40, 0xeb, 0xfc), loopAddress) // again: inc eax; jmp again
  patchGuestCode(cpu)
  const finish = cpu.codegen_finalize_finished
  const finished = new Promise<number>((resolve) => {
    cpu.codegen_finalize_finished = (slot, start, flags) => {
      finish.call(cpu, slot, start, flags)
      resolve(start)
    }
  })
  let compiledCalls = 0
  const { wasm_table: table } = cpu.wm
  const set = table.set.bind(table)
  table.set = (index, run) => {
    set(index, run)
    compiledCalls++
  }
  loop.run()
  assert.equal(await finished, loopAddress)
  assert.equal(compiledCalls, 1)
  const before = cpu.reg32[0]!
  while (cpu.reg32[0] === before) await new Promise(setImmediate)
})

const longestFunction = 7_654_321

test('code of which v86 makes a longer function than V8 takes is interpreted', { timeout: 300_000 }, async (t) => {
  const { v86: loop } = await bareV86<V86Emulator>(t)
  const { cpu } = loop
  cpu.write_blob(Uint8Array.of(0xea, 0x00, 0x10, 0, 0), resetVector) // jmp 0:1000
  cpu.write_blob(toProtectedMode, loopAddress)
  cpu.write_blob(tangledCode(codeAddress), codeAddress)
  patchGuestCode(cpu)
  const lengths: number[] = []
  const finalize = cpu.codegen_finalize
  cpu.codegen_finalize = (slot, start, flags, address, length) => {
    lengths.push(length)
    finalize.call(cpu, slot, start, flags, address, length)
  }
  loop.run()
  while (cpu.in_hlt[0] === 0) await new Promise(setImmediate)
  assert.equal(cpu.reg32[0]! >>> 0, tangledResult())
  assert.ok(Math.max(...lengths) > longestFunction, `${lengths}`)
})

test('a guest does not notice that it is interpreted', { timeout: 300_000 }, async (t) => {
  const probe = await ProbeBoard.start(t)
  const code = tangledCode(codeAddress)
  await probe.ask(...[...code].map((byte, index) => poke(codeAddress + index, 1, byte)))
  for (let round = 0; round < 2; round++)
    assert.deepEqual(await probe.ask(callCode(codeAddress)), [tangledResult()], `round ${round}`)
})
