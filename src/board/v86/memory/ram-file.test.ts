import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import type { V86Emulator } from '../v86-internals.ts'
import { GuestMemory } from './guest-memory.ts'

const pageBytes = 4096
const [first, far] = [0x100000, 0x1f0000]

async function memoryOf(t: TestContext): Promise<GuestMemory> {
  const emulator = await bareV86<V86Emulator>(t)
  return new GuestMemory(emulator.v86.cpu, () => [])
}

/** A copy of a RAM that holds something here and there; it ends with the test. */
async function copied(t: TestContext) {
  const memory = await memoryOf(t)
  memory.writePhysical(first, new Uint8Array(40 * pageBytes).fill(1))
  memory.writePhysical(far, Uint8Array.of(2))
  const copy = memory.copyRam()
  assert.ok('descriptor' in copy, 'the system has files without names')
  t.after(() => closeSync(copy.descriptor))
  return { memory, copy }
}

test('memories that begin with a copy are equal to it, and what is written to one is seen by none of the others', async (t) => {
  const { memory, copy } = await copied(t)
  const whole = memory.ram.slice()
  memory.writePhysical(first, Uint8Array.of(9)) // the copy is of before
  const [one, other] = [await memoryOf(t), await memoryOf(t)]
  other.writePhysical(0x180000, Uint8Array.of(7)) // goes: there is nothing in the copy
  one.pasteRam(copy)
  one.writePhysical(first + 5, Uint8Array.of(3))
  other.pasteRam(copy)
  assert.deepEqual(other.ram, whole)
  whole[first + 5] = 3
  assert.deepEqual(one.ram, whole)
})

test('a copy can be made of a memory that has begun with one', async (t) => {
  const { copy } = await copied(t)
  const one = await memoryOf(t)
  one.pasteRam(copy)
  one.writePhysical(far, Uint8Array.of(4))
  const second = one.copyRam()
  assert.ok('descriptor' in second)
  t.after(() => closeSync(second.descriptor))
  const other = await memoryOf(t)
  other.pasteRam(second)
  assert.deepEqual(other.ram, one.ram)
})

for (const pages of [1, 32])
  test(`${pages} pages that are given back hold zeros, and not what the copy has there`, async (t) => {
    const { copy } = await copied(t)
    const one = await memoryOf(t)
    one.pasteRam(copy)
    const end = first + pages * pageBytes
    one.release(first, pages * pageBytes)
    assert.deepEqual(new Set(one.ram.subarray(first, end)), new Set([0]))
    assert.deepEqual(new Set(one.ram.subarray(end, first + 40 * pageBytes)), new Set([1]))
    one.writePhysical(first, Uint8Array.of(5))
    assert.equal(one.ram[first], 5)
  })

test('the copy of a larger memory is refused', async (t) => {
  const { memory, copy } = await copied(t)
  const larger = { descriptor: copy.descriptor, ranges: [{ start: 0, end: memory.ramBytes + pageBytes }] }
  assert.throws(() => memory.pasteRam(larger), { kind: 'address' })
})
