import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BoardShape } from './board-shape.ts'
import { packDevices, unpackDevices } from './device-state.ts'

const shape = {} as BoardShape

test("the emulator's bytes come back, whatever their length and wherever there are zeros", () => {
  for (const length of [0, 1, 4095, 4096, 4097, 5 * 4096 + 3])
    for (const at of [undefined, 0, 4096, length - 1]) {
      const bytes = new Uint8Array(length)
      if (at !== undefined && at >= 0 && at < length) bytes[at] = 7
      const { own, emulator } = unpackDevices(shape, packDevices(shape, ['own'], bytes))
      assert.deepEqual(own, ['own'])
      assert.deepEqual(emulator, bytes)
      assert.equal(emulator.buffer.byteLength, length)
    }
})

test('video memory comes back as the pages of it that hold anything', () => {
  const video = new Uint8Array(3 * 4096)
  video[4100] = 7
  const state = packDevices(shape, null, Uint8Array.of(1), video)
  const { emulator, video: found } = unpackDevices(shape, state, video.length)
  assert.deepEqual(emulator, Uint8Array.of(1))
  assert.deepEqual([...found.addresses], [4096])
  assert.deepEqual(Buffer.from(found.bytes), Buffer.from(video.subarray(4096, 8192)))
  assert.throws(() => unpackDevices(shape, state, 4096), { kind: 'state' }, 'a board with less of it')
})

test('a state whose pages are not those that it tells of is refused', () => {
  const state = packDevices(shape, null, Uint8Array.of(1, 2, 3))
  assert.throws(() => unpackDevices(shape, state.subarray(0, -1)), { kind: 'state' })
})
