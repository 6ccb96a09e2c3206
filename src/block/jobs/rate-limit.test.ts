import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimit } from './rate-limit.ts'

/** How much is done in a time by work that comes in pieces and waits as it is told. */
function done(limit: RateLimit, clock: { now: number }, piece: number, milliseconds: number): number {
  let bytes = 0
  for (const end = clock.now + milliseconds; clock.now < end; bytes += piece)
    clock.now += limit.delayAfter(piece) + 1e-6
  return bytes
}

test('over ten seconds the speed is kept to within five percent, whatever the pieces', () => {
  for (const speed of [10 ** 6, 3 * 2 ** 20, 10 ** 8]) {
    for (const piece of [512, 65536, 300_000]) {
      const clock = { now: 0 }
      const limit = new RateLimit(() => clock.now)
      limit.set(speed)
      const bytes = done(limit, clock, piece, 10_000)
      assert.ok(Math.abs(bytes - 10 * speed) <= 0.5 * speed + piece, `${bytes} bytes at ${speed} in pieces of ${piece}`)
    }
  }
})

test('without a speed nothing waits, and a speed that changes holds from then on', () => {
  const clock = { now: 0 }
  const limit = new RateLimit(() => clock.now)
  assert.equal(limit.delayAfter(2 ** 40), 0)
  limit.set(1000)
  assert.equal(limit.delayAfter(1000), 1000)
  clock.now = 1001
  limit.set(0)
  assert.equal(limit.delayAfter(2 ** 40), 0)
})
