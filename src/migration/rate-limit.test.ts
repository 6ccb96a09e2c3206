import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RateLimit } from './rate-limit.ts'

const never = new AbortController().signal

describe('a limit of bytes a second', () => {
  it('is kept within five percent, also after it has changed', async () => {
    let [time, bytesPerSecond] = [0, 1_000_000]
    const clock = {
      now: () => time,
      pause: async (milliseconds: number) => {
        time += milliseconds
      },
    }
    const limit = new RateLimit(() => bytesPerSecond, clock)
    const sentWithin = async (milliseconds: number, portion: number): Promise<number> => {
      const end = time + milliseconds
      let sent = 0
      for (; time < end; sent += portion) await limit.spend(portion, never)
      return sent
    }
    for (const portion of [100, 4096, 100_000]) {
      bytesPerSecond = 1_000_000
      const fast = await sentWithin(10_000, portion)
      assert.ok(Math.abs(fast / 10_000_000 - 1) < 0.05, `${fast} bytes in portions of ${portion}`)
      bytesPerSecond = 100_000
      const slow = await sentWithin(100_000, portion)
      assert.ok(Math.abs(slow / 10_000_000 - 1) < 0.05, `${slow} bytes in portions of ${portion}`)
    }
  })

  it('of 0 is none', async () => {
    const limit = new RateLimit(() => 0)
    await limit.spend(Number.MAX_SAFE_INTEGER, never)
    assert.equal(limit.portion, Number.POSITIVE_INFINITY)
  })

  it('is not waited for when there is no need any more', async () => {
    const limit = new RateLimit(() => 1)
    await assert.rejects(limit.spend(1_000_000, AbortSignal.abort(new Error('enough'))), { message: 'enough' })
  })
})
