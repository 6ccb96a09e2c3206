import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SendQueue } from './send-queue.ts'

test('what is pushed is gathered, or goes apart, each in its order', () => {
  for (const [apart, parcels] of [
    [false, ['abc']],
    [true, ['a', 'b', 'c']],
  ] as const) {
    const queue = new SendQueue({ apart })
    for (const part of ['a', 'b', 'c']) queue.push(part)
    const taken: string[] = []
    while (!queue.empty) taken.push(Buffer.from(queue.take().bytes).toString('utf8'))
    assert.deepEqual(taken, parcels)
    assert.equal(queue.size, 0)
  }
})
