import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import type { V86Emulator } from '../v86-internals.ts'
import { patchIdleYield } from './idle-yield.ts'

test('a guest with nothing to do sleeps for whole milliseconds, and one that is busy does not', async (t) => {
  const { v86: loop } = await bareV86<V86Emulator>(t)
  const woken: number[] = []
  loop.yield_callback = (tick) => void woken.push(tick)
  patchIdleYield(loop)
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
  loop.yield(0, 1)
  loop.yield(-5, 2)
  loop.yield(0.25, 3)
  loop.yield(3.1, 4)
  t.mock.timers.tick(0)
  assert.deepEqual(woken, [1, 2])
  t.mock.timers.tick(1)
  assert.deepEqual(woken, [1, 2, 3])
  t.mock.timers.tick(2)
  assert.deepEqual(woken, [1, 2, 3])
  t.mock.timers.tick(1)
  assert.deepEqual(woken, [1, 2, 3, 4])
})

test('v86 yields through the function that is replaced, and goes on through the one that is called', async (t) => {
  const emulator = await bareV86<V86Emulator>(t)
  const { v86: loop } = emulator
  patchIdleYield(loop)
  const { yield: patched } = loop
  let times = 0
  const fourth = new Promise<void>((resolve) => {
    loop.yield = (milliseconds, tick) => {
      if (++times === 4) resolve()
      patched(milliseconds, tick)
    }
  })
  loop.run()
  await fourth
})
