import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { assemble } from '../../../../guests/assembler.ts'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import type { V86Emulator } from '../v86-internals.ts'
import { GuestMemory } from './guest-memory.ts'

/** Where the guest counts its rounds, and where it puts what its function returned last. */
const rounds = 0x8000
const returned = 0x8004
/** Where its function is: `mov eax, 11111111h; ret`, on a page of its own. */
const functionAddress = 0x2000
const constant = functionAddress + 2
/** So many rounds are enough for v86 to translate what runs, and to show that it does not look at memory again. */
const enough = 3_000_000

/** A guest that calls its function for ever. */
async function callingGuest(t: TestContext) {
  const emulator = await bareV86<V86Emulator>(t)
  const memory = new GuestMemory(emulator.v86.cpu, () => [])
  const start = assemble(0x1000, (asm) => {
    asm.label('again')
    asm.db(0x66, 0xff, 0x06, rounds & 0xff, rounds >> 8) // inc dword [rounds]
    asm.call('function')
    asm.store(returned, 'eax')
    asm.jmp('again')
    asm.org(functionAddress)
    asm.label('function')
    asm.mov('eax', 0x11111111)
    asm.ret()
  })
  memory.writePhysical(0x1000, start)
  memory.writePhysical(0xffff0, Uint8Array.of(0xea, 0x00, 0x10, 0x00, 0x00)) // jmp 0000:1000
  emulator.v86.run()
  const more = async (): Promise<number> => {
    const end = (memory.readWord(rounds)! + enough) >>> 0
    while (memory.readWord(rounds)! < end) await new Promise((resolve) => setImmediate(resolve))
    return memory.readWord(returned)!
  }
  return { memory, more }
}

test('what is written over code that v86 has translated runs from then on; it would not if RAM itself were written', {
  timeout: 300_000,
}, async (t) => {
  const { memory, more } = await callingGuest(t)
  assert.equal(await more(), 0x11111111)
  memory.ram.set([0x22, 0x22, 0x22, 0x22], constant)
  assert.equal(await more(), 0x11111111, 'v86 has translated it, and does not look again')
  memory.writePhysical(constant, Uint8Array.of(0x33, 0x33, 0x33, 0x33))
  assert.equal(await more(), 0x33333333)
  memory.writeVirtual(constant, Uint8Array.of(0x44, 0x44, 0x44, 0x44))
  assert.equal(await more(), 0x44444444)
})
