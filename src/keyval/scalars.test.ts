import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseBoolean, parseInt64, parseSize, parseUint64 } from './index.ts'

test('yes and no have four words each, in lower case', () => {
  for (const word of ['on', 'yes', 'true', 'y']) assert.equal(parseBoolean(word), true)
  for (const word of ['off', 'no', 'false', 'n']) assert.equal(parseBoolean(word), false)
  for (const word of ['', 'ON', '1', 'maybe', 'constructor']) assert.equal(parseBoolean(word), undefined)
})

const mebibyte = 1n << 20n

for (const [text, expected] of [
  ['0', 0n],
  ['512', 512n],
  ['+5', 5n],
  [' 7', 7n],
  ['010', 10n],
  ['512b', 512n],
  ['3k', 3072n],
  ['3K', 3072n],
  ['512M', 512n * mebibyte],
  ['512m', 512n * mebibyte],
  ['1.5G', 1536n * mebibyte],
  ['1.G', 1024n * mebibyte],
  ['2.', 2n],
  ['2.0', 2n],
  ['12.345M', 12944671n],
  ['0x10', 16n],
  ['0x10M', 16n * mebibyte],
  ['0x1e', 30n],
  ['1T', 1n << 40n],
  ['1P', 1n << 50n],
  ['15E', 15n << 60n],
  ['18446744073709551615', 2n ** 64n - 1n],
  ['18446744073709551616', 'out of range'],
  ['16E', 'out of range'],
  ['99999999999999999999', 'out of range'],
  ['', 'malformed'],
  ['5x', 'malformed'],
  ['-1', 'malformed'],
  ['3.1', 'malformed'],
  ['1.5b', 'malformed'],
  ['1e3', 'malformed'],
  ['1e3M', 'malformed'],
  ['1.5e3', 'malformed'],
  ['512MB', 'malformed'],
  ['1.5.2G', 'malformed'],
  ['.5G', 'malformed'],
  ['0x', 'malformed'],
  ['0x1.8k', 'malformed'],
  ['inf', 'malformed'],
  ['1 G', 'malformed'],
] as const)
  test(`the size '${text}' is ${expected}`, () => assert.equal(parseSize(text), expected))

for (const [text, unsigned, signed] of [
  ['0', 0n, 0n],
  ['010', 8n, 8n],
  ['0x1F', 31n, 31n],
  ['\t+7', 7n, 7n],
  ['-1', 2n ** 64n - 1n, -1n],
  ['9223372036854775808', 2n ** 63n, 'out of range'],
  ['-9223372036854775808', 2n ** 63n, -(2n ** 63n)],
  ['18446744073709551616', 'out of range', 'out of range'],
  ['', 'malformed', 'malformed'],
  ['08', 'malformed', 'malformed'],
  ['1x', 'malformed', 'malformed'],
  ['1.0', 'malformed', 'malformed'],
] as const)
  test(`the number '${text}' is ${unsigned} without a sign and ${signed} with one`, () => {
    assert.equal(parseUint64(text), unsigned)
    assert.equal(parseInt64(text), signed)
  })

test('every integer reads back as itself', () => {
  fc.assert(fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => parseInt64(String(value)) === value))
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => parseUint64(`0x${value.toString(16)}`) === value))
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => parseSize(String(value)) === value))
})
