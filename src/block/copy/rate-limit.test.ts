import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { RateLimit } from './rate-limit.ts'

test('who has had more than its share waits until that is paid for', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  const limit = new RateLimit(1000, () => now)
  await limit.spend(500)
  let passed = false
  const next = limit.spend(500).then(() => (passed = true))
  mock.timers.tick(499)
  await Promise.resolve()
  assert.equal(passed, false)
  mock.timers.tick(1)
  await next
  assert.equal(passed, true)
  now = 5000
  await limit.spend(1)
  mock.timers.reset()
})
