import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PictureChanges } from './console.ts'
import { ScreenFeed } from './screen-feed.ts'

/** A console that changes at some looks ('x') and not at others ('.'). */
function bench(looks: string) {
  const asked: number[] = []
  const waits: number[] = []
  const queue = [...looks]
  let serial = 0
  const rectangle = { x: 0, y: 0, width: 1, height: 1, rgb: new Uint8Array(3) }
  const feed = new ScreenFeed({
    console: {
      async changes(since): Promise<PictureChanges> {
        asked.push(since)
        const changed = queue.shift() === 'x'
        if (changed) serial++
        return { serial, width: 1, height: 1, whole: since === 0, rectangles: changed ? [rectangle] : [] }
      },
    },
    wait: async (milliseconds, signal) => {
      signal?.throwIfAborted()
      waits.push(Math.round(milliseconds))
    },
  })
  return { feed, asked, waits }
}

test('a viewer is told when something has changed, and each time since when it looks', async () => {
  const { feed, asked, waits } = bench('x..xx')
  assert.equal((await feed.next()).serial, 1)
  assert.equal((await feed.next()).serial, 2)
  assert.equal((await feed.next()).serial, 3)
  assert.deepEqual(asked, [0, 1, 1, 1, 2])
  assert.deepEqual(waits, [30, 45])
})

test('while nothing changes it looks less and less often, but four times a second', async () => {
  const { feed, waits } = bench('x..........x.x')
  for (let count = 0; count < 3; count++) await feed.next()
  assert.deepEqual(waits, [30, 45, 68, 101, 152, 228, 250, 250, 250, 250, 30])
})

test('a viewer that forgets is told the whole picture, and one that looks gets nothing if there is nothing', async () => {
  const { feed, asked } = bench('x.x')
  await feed.next()
  assert.deepEqual((await feed.look()).rectangles, [])
  feed.forget()
  assert.equal((await feed.look()).whole, true)
  assert.deepEqual(asked, [0, 1, 0])
})

test('a signal ends the waiting', async () => {
  const { feed } = bench('....')
  await assert.rejects(feed.next({ signal: AbortSignal.abort(new Error('gone')) }), new Error('gone'))
})
