import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OptionBag } from '../../open/option-bag.ts'
import { readOptions } from './options.ts'

test('sizes of caches that contradict each other are refused in the words of QEMU, before what else is wrong', () => {
  const read = (values: Readonly<Record<string, string>>) => readOptions(new OptionBag({ ...values }))
  const together = 'cache-size, l2-cache-size and refcount-cache-size may not be set at the same time'
  const half = '512k'
  for (const [values, message] of [
    [{ 'l2-cache-size': '2M' }, 'l2-cache-size may not exceed cache-size'],
    [{ 'l2-cache-size': '2M', 'overlap-check': 'foo' }, 'l2-cache-size may not exceed cache-size'],
    [{ 'refcount-cache-size': '1000P' }, 'refcount-cache-size may not exceed cache-size'],
    [{ 'l2-cache-size': half, 'refcount-cache-size': half }, together],
  ] as const) {
    assert.throws(() => read({ 'cache-size': '1M', ...values }), { kind: 'invalid', message })
  }
  assert.equal(read({ 'cache-size': '1M', 'l2-cache-size': '1M' }).l2CacheSize, 2 ** 20)
  assert.equal(read({ 'cache-size': '1M', 'refcount-cache-size': '1M' }).l2CacheSize, 2 ** 20)
  assert.equal(read({ 'l2-cache-size': half, 'refcount-cache-size': '4M' }).l2CacheSize, 2 ** 19)
})
