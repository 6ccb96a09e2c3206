import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilAborted } from './index.ts'

test('the promise decides if it is first, the signal if it is', async () => {
  const controller = new AbortController()
  assert.equal(await untilAborted(Promise.resolve(1), controller.signal), 1)
  await assert.rejects(untilAborted(Promise.reject(new Error('no')), controller.signal), /no/)
  const waiting = untilAborted(new Promise(() => undefined), controller.signal)
  controller.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  await assert.rejects(untilAborted(new Promise(() => undefined), controller.signal), /enough/)
})

test('without a signal the promise is waited for as it is', async () => {
  const promise = Promise.resolve(1)
  assert.equal(untilAborted(promise, undefined), promise)
})
