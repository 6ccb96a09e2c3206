import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checksumOf, folded, sumOf } from './internet-checksum.ts'

test('the sum is the one of the example in RFC 1071', () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
  assert.deepEqual(
    [sumOf(bytes, 0, 8), folded(sumOf(bytes, 0, 8)), checksumOf(sumOf(bytes, 0, 8))],
    [0x2ddf0, 0xddf2, 0x220d],
  )
})

test('a sum may be taken in pieces of even length, and is zero with its checksum in it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 101 }), fc.nat(50), (bytes, half) => {
      const cut = Math.min(2 * half, bytes.length)
      const sum = sumOf(bytes, 0, bytes.length)
      assert.equal(sumOf(bytes, cut, bytes.length, sumOf(bytes, 0, cut)), sum)
      assert.equal(checksumOf(sum + checksumOf(sum)), 0)
    }),
  )
})
