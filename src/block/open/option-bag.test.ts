import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OptionBag } from './option-bag.ts'

test('whole numbers are read as the C library reads them', () => {
  for (const [text, number] of [
    ['0', 0],
    ['12', 12],
    ['-1', -1],
    ['+7', 7],
    ['0x1f', 31],
    ['017', 15],
    ['0xffffffff', -1],
  ] as const) {
    assert.equal(new OptionBag({ n: text }).takeInteger('n'), number)
  }
  assert.throws(() => new OptionBag({ n: String(2n ** 64n) }).takeInteger('n'), {
    message: `Value '${2n ** 64n}' is too large for parameter 'n'`,
  })
  for (const text of ['', 'x', '1x', '1.5', '0x', ' ']) {
    assert.throws(() => new OptionBag({ n: text }).takeInteger('n'), /^BlockError: Parameter 'n' expects a number$/)
  }
})

test('sizes take a suffix', () => {
  for (const [text, bytes] of [
    ['0', 0],
    ['512', 512],
    ['1k', 1024],
    ['1.5K', 1536],
    ['2M', 2 ** 21],
    ['3g', 3 * 2 ** 30],
    ['1T', 2 ** 40],
    ['8b', 8],
  ] as const) {
    assert.equal(new OptionBag({ size: text }).takeSize('size'), bytes, text)
  }
  for (const text of ['', '-1', 'k', '1kk', '1x', '0x']) {
    assert.throws(() => new OptionBag({ size: text }).takeSize('size'), { kind: 'invalid' }, text)
  }
})

test('yes and no have several words', () => {
  for (const word of ['on', 'yes', 'true', 'y', true]) assert.equal(new OptionBag({ b: word }).takeBoolean('b'), true)
  for (const word of ['off', 'no', 'false', 'n', false])
    assert.equal(new OptionBag({ b: word }).takeBoolean('b'), false)
  assert.equal(new OptionBag({}).takeBoolean('b'), undefined)
  for (const word of ['', '1', 'toString'])
    assert.throws(() => new OptionBag({ b: word }).takeBoolean('b'), { kind: 'invalid' })
})

test('what is taken is gone, and what is below a key becomes a bag of its own', () => {
  const bag = new OptionBag({ driver: 'raw', 'file.driver': 'file', 'file.cache.direct': 'on', filename: 'x' })
  assert.equal(bag.takeString('driver'), 'raw')
  assert.equal(bag.takeString('driver'), undefined)
  const file = bag.takeBelow('file')
  assert.deepEqual(file.left, ['driver', 'cache.direct'])
  assert.deepEqual(bag.left, ['filename'])
})
