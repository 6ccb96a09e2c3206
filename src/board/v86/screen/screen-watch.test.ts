import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextTurn } from '../../../timers/index.ts'
import type { PictureChanges } from '../../board.ts'
import { ScreenWatch } from './screen-watch.ts'

const nothing: PictureChanges = { serial: 7, width: 1, height: 1, whole: false, rectangles: [] }
const something: PictureChanges = {
  ...nothing,
  serial: 8,
  rectangles: [{ x: 0, y: 0, width: 1, height: 1, rgb: new Uint8Array(3) }],
}
const hour = 3_600_000

/** A screen that a test changes, and how often somebody has looked there. */
function bench() {
  const screen = { now: nothing, looks: 0 }
  const watch = new ScreenWatch((serial) => {
    assert.equal(serial, 7)
    screen.looks++
    return screen.now
  })
  return { screen, watch }
}

test('who waits is told what has changed already, what changes then, and in the end that nothing has', async () => {
  const { screen, watch } = bench()
  assert.equal(await watch.changes(7, 20), nothing)
  assert.ok(screen.looks > 1)
  const waiting = watch.changes(7, hour)
  screen.now = something
  assert.equal(await waiting, something)
  assert.equal(await watch.changes(7, hour), something)
})

test('looks become rarer while nothing changes, and frequent again when somebody types', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { screen, watch } = bench()
  const pass = async (milliseconds: number): Promise<number> => {
    const before = screen.looks
    for (let passed = 0; passed < milliseconds; passed++) {
      t.mock.timers.tick(1)
      await nextTurn()
    }
    return screen.looks - before
  }
  const waiting = watch.changes(7, hour)
  assert.equal(await pass(4), 1)
  await pass(1000)
  assert.equal(await pass(1000), 10)
  watch.hurry()
  assert.ok((await pass(100)) > 5)
  await pass(1000)
  watch.hurry()
  screen.now = something
  t.mock.timers.tick(4)
  assert.equal(await waiting, something)
})
