import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isZero, zeroStretches } from './zeroes.ts'

const mebibyte = 2 ** 20

test('bytes are zero if each of them is, wherever the one that is not stands', () => {
  const memory = new Uint8Array(2 * mebibyte + 16)
  for (const [begin, end] of [
    [0, 0],
    [0, 1],
    [3, 7],
    [1, mebibyte + 2],
    [0, memory.length],
  ] as const) {
    const bytes = memory.subarray(begin, end)
    assert.ok(isZero(bytes), `${begin} to ${end}`)
    for (const at of new Set([0, 1, bytes.length >> 1, mebibyte, bytes.length - 1])) {
      if (at < 0 || at >= bytes.length) continue
      bytes[at] = 1
      assert.ok(!isZero(bytes), `${at} of ${begin} to ${end}`)
      bytes[at] = 0
    }
  }
})

test('memory that threads share is looked at alike', () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(8192))
  assert.ok(isZero(bytes))
  bytes[8191] = 1
  assert.ok(!isZero(bytes))
})

test('stretches of zeroes and data begin at multiples of the step, also of one beyond a mebibyte', () => {
  const bytes = new Uint8Array(6 * mebibyte)
  bytes[2 * mebibyte - 1] = 1
  assert.deepEqual(zeroStretches(bytes, 4096), [
    { begin: 0, end: 2 * mebibyte - 4096, zero: true },
    { begin: 2 * mebibyte - 4096, end: 2 * mebibyte, zero: false },
    { begin: 2 * mebibyte, end: 6 * mebibyte, zero: true },
  ])
  assert.deepEqual(zeroStretches(bytes, 2 * mebibyte, mebibyte), [
    { begin: 0, end: mebibyte, zero: true },
    { begin: mebibyte, end: 3 * mebibyte, zero: false },
    { begin: 3 * mebibyte, end: 6 * mebibyte, zero: true },
  ])
})
