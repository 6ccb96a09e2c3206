import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextTurn } from '../timers/index.ts'
import type { PictureChanges } from './console.ts'
import { type ScreenChange, SharedScreen } from './shared-screen.ts'

const rgb = (value: number): Uint8Array => Uint8Array.of(value, value, value)

/** What a console says when it has changed for the `serial`th time. */
const changed = (serial: number): PictureChanges => ({
  ...{ serial, width: 1, height: 1, whole: serial === 1 },
  rectangles: [{ x: 0, y: 0, width: 1, height: 1, rgb: rgb(serial) }],
})

class WaitingViewer {
  readonly waits = true
  readonly seen: ScreenChange[] = []
  changed(change: ScreenChange): void {
    this.seen.push(change)
  }
}

test('the console waits for changes itself; what somebody else was told meanwhile is not told again', async () => {
  const waiting: ((changes: PictureChanges) => void)[] = []
  let serial = 1
  const screen = new SharedScreen({
    changes: (_, patience = 0) =>
      patience === 0 ? Promise.resolve(changed(serial)) : new Promise((resolve) => void waiting.push(resolve)),
  })
  const viewer = new WaitingViewer()
  const detach = screen.attach(viewer)
  await screen.refresh()
  assert.equal(viewer.seen.length, 1)
  screen.wake()
  while (waiting.length === 0) await nextTurn()
  serial = 2
  await screen.refresh()
  assert.equal(viewer.seen.length, 2)
  waiting.shift()!(changed(2)) // the same change
  while (waiting.length === 0) await nextTurn()
  assert.equal(viewer.seen.length, 2)
  waiting.shift()!(changed(3))
  while (waiting.length === 0) await nextTurn()
  assert.equal(viewer.seen.length, 3)
  detach()
  waiting.shift()!({ ...changed(3), rectangles: [] })
})

test('a console that cannot be looked at is asked again ten times a second, not without end', async () => {
  const failures: unknown[] = []
  const failure = new Error('the board has failed')
  const screen = new SharedScreen({ changes: () => Promise.reject(failure) }, (error) => void failures.push(error))
  const detach = screen.attach(new WaitingViewer())
  const begin = performance.now()
  screen.wake()
  while (failures.length < 4) await nextTurn()
  detach()
  assert.ok(performance.now() - begin >= 250)
  assert.deepEqual(failures, [failure, failure, failure, failure])
})
