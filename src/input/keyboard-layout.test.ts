import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chordsOf, keyboardLayouts } from './keyboard-layout.ts'

const keys = (...[text, layout]: Parameters<typeof chordsOf>): string =>
  chordsOf(text, layout)
    .map((chord) => chord.join('+'))
    .join(' ')

test('every printable ASCII character has a key on the layouts of the United States and Britain', () => {
  const ascii = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
  for (const layout of ['us', 'gb'] as const) assert.equal(chordsOf(ascii, layout).length, 95)
})

test('letters, signs and line ends are the keys that a typist would press', () => {
  assert.equal(keys('Hi, 2!\n'), 'shift+h i comma spc 2 shift+1 ret')
  assert.equal(keys('a\r\nb\tc\\|'), 'a ret b tab c backslash shift+backslash')
  assert.equal(keys('"@#\\', 'gb'), 'shift+2 shift+apostrophe backslash less')
  assert.equal(keys('Zy@{/ß€|', 'de'), 'shift+y z alt_r+q alt_r+7 shift+7 minus alt_r+e alt_r+less')
  assert.equal(keys('Aq1é.#', 'fr'), 'shift+q a shift+1 2 shift+comma alt_r+3')
})

test('each layout has as many characters as there are keys for them, and no key twice in one row', () => {
  for (const layout of keyboardLayouts) {
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
    assert.equal(new Set(chordsOf(letters, layout).map(String)).size, letters.length, layout)
  }
})

test('a character without a key is named', () => {
  assert.throws(() => chordsOf('aß'), new RangeError('the layout us has no key for "ß"'))
  assert.throws(() => chordsOf('^', 'de'), RangeError)
})
