import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareV86 } from '../../../test/guests/bare-v86.ts'
import { patchGuestCode } from './guest-code.ts'
import type { V86Emulator } from './v86-internals.ts'

const resetVector = 0xffff0
const loopAddress = 0x1000

test("v86 hands over what it makes of a guest's loop, and goes on in what has been compiled of it", {
  timeout: 60_000,
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
