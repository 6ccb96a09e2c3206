import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TicketKey, TicketKeys } from './spice-ticket.ts'

test('keys are made one after another, and none for who has gone', async () => {
  let [made, making] = [0, 0]
  const keys = new TicketKeys(async () => {
    assert.equal(++making, 1)
    const key = await TicketKey.make()
    making--
    made++
    return key
  })
  const [stays, goes] = [new AbortController(), new AbortController()]
  const wanted = [stays, goes, stays].map(({ signal }) => keys.next(signal))
  goes.abort(new Error('gone'))
  const outcomes = await Promise.allSettled(wanted)
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.equal(made, 2)
})

test('a key that cannot be made is the fault of nobody who comes later', async () => {
  let tries = 0
  const keys = new TicketKeys(() => (tries++ === 0 ? Promise.reject(new Error('no')) : TicketKey.make()))
  const { signal } = new AbortController()
  await assert.rejects(keys.next(signal), { message: 'no' })
  assert.ok((await keys.next(signal)).publicKey.length > 0)
})
