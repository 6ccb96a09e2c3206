import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expiryOf } from './viewer-password.ts'

test('a time of expiry is now, never, from now on, or a number of seconds; what is none is 0', () => {
  const now = 1_700_000_000_500
  assert.deepEqual(
    ['now', 'never', '+60', '1335196800', '+x', 'soon', '', '-5', '99999999999999999999999'].map((text) =>
      expiryOf(text, now),
    ),
    [0, undefined, 1_700_000_060, 1_335_196_800, 1_700_000_000, 0, 0, -5, -1],
  )
})
