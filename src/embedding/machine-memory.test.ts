import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MachineMemory } from './machine-memory.ts'
import { type RunningMachine, startMachine } from './start-machine.ts'

const mebibyte = 1 << 20

async function withMemory(use: (machine: RunningMachine) => Promise<void>): Promise<void> {
  await using machine = await startMachine({ accel: 'none', memory: 4 })
  await use(machine)
}

async function found(memory: MachineMemory, ...search: Parameters<MachineMemory['search']>): Promise<number[]> {
  const places = []
  for await (const place of memory.search(...search)) places.push(place)
  return places
}

describe("a machine's memory", () => {
  it('is read and written from outside, by physical and by virtual addresses', () =>
    withMemory(async ({ memory, qmp }) => {
      assert.equal(memory.bytes, 4 * mebibyte)
      await memory.write(0x1234, Uint8Array.of(1, 2, 3))
      await memory.write(0x1237, Uint8Array.of(4), 'virtual')
      assert.deepEqual(await memory.read(0x1233, 6), Uint8Array.of(0, 1, 2, 3, 4, 0))
      assert.deepEqual(await memory.read(0x1234, 4, 'virtual'), Uint8Array.of(1, 2, 3, 4))
      await assert.rejects(memory.write(memory.bytes - 1, new Uint8Array(2)), { kind: 'address' })
      await assert.rejects(memory.write(-1, new Uint8Array(1)), RangeError)
      await assert.rejects(memory.read(memory.bytes, 1, 'virtual'), { kind: 'address' })
      assert.equal((await qmp.execute('query-status')).running, true)
    }))

  it('is searched for bytes and text, over the ends of what is read at once, from and to where one likes', () =>
    withMemory(async ({ memory }) => {
      const places = [0x500, mebibyte - 3, 2 * mebibyte, 4 * mebibyte - 6]
      for (const place of places) await memory.write(place, Buffer.from('needle'))
      assert.deepEqual(await found(memory, 'needle'), places)
      assert.deepEqual(await found(memory, Buffer.from('needle'), { from: 0x501 }), places.slice(1))
      assert.deepEqual(await found(memory, 'needle', { to: 2 * mebibyte + 5 }), places.slice(0, 2))
      await memory.write(0x600, Buffer.from('aaaa'))
      assert.deepEqual(await found(memory, 'aaa', { from: 0x5ff, to: 0x610 }), [0x600, 0x601], 'they may overlap')
      assert.deepEqual(await found(memory, 'not there'), [])
      await assert.rejects(found(memory, ''), RangeError)
      await assert.rejects(found(memory, 'needle', { signal: AbortSignal.abort(new Error('enough')) }), /enough/)
    }))
})
