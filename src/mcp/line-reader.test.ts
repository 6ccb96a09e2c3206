import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineReader, LineTooLongError } from './line-reader.ts'

const sample = Buffer.from('{"a": "ä€😀"}\r\n\n {"b": 1}\nrest')
const lines = ['{"a": "ä€😀"}', '{"b": 1}']

function read(pieces: readonly Uint8Array[], longest = 1000): string[] {
  const reader = new LineReader(longest)
  return pieces.flatMap((piece) => reader.feed(piece))
}

test('lines are the same however their bytes come: whole, one by one, split anywhere', () => {
  assert.deepEqual(read([sample]), lines)
  assert.deepEqual(read([...sample].map((byte) => Uint8Array.of(byte))), lines)
  for (let at = 0; at <= sample.length; at++)
    assert.deepEqual(read([sample.subarray(0, at), sample.subarray(at)]), lines)
})

test('a line is never longer than it may be, whether its end has come or not', () => {
  assert.deepEqual(read([Buffer.from('12345\n')], 5), ['12345'])
  assert.throws(() => read([Buffer.from('123456\n')], 5), LineTooLongError)
  assert.throws(() => read([Buffer.from('123'), Buffer.from('456')], 5), LineTooLongError)
})

test('whatever comes in whatever pieces is what stands between line ends', () => {
  const words = fc.array(fc.string({ unit: 'grapheme' }).map((word) => word.replace(/\s/g, '')))
  fc.assert(
    fc.property(words, fc.array(fc.nat(7)), (all, cuts) => {
      const bytes = Buffer.from(all.map((word) => `${word}\n`).join(''))
      const pieces: Uint8Array[] = []
      let at = 0
      for (const cut of cuts) pieces.push(bytes.subarray(at, (at += cut)))
      assert.deepEqual(
        read([...pieces, bytes.subarray(at)], 1 << 20),
        all.map((word) => word.trim()).filter((word) => word !== ''),
      )
    }),
  )
})
