import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyboardEncoder } from './keyboard-encoder.ts'
import { keyNumber, keyOfNumber, type QKeyCode, qKeyCodes } from './q-key-code.ts'

/** What a guest reads from port 0x60 while keys go down ('+a') and up ('-a'). */
function typed(...events: `${'+' | '-'}${QKeyCode}`[]): string {
  const encoder = new KeyboardEncoder()
  const codes = events.map((event) => encoder.encode(keyNumber(event.slice(1) as QKeyCode), event[0] === '+'))
  return codes.map((part) => part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')).join(' | ')
}

test('a plain key has one code, with bit 7 when it is released; an extended one has the prefix before both', () => {
  assert.equal(typed('+a', '-a'), '1e | 9e')
  assert.equal(typed('+up', '-up'), 'e0 48 | e0 c8')
  assert.equal(typed('+kp_8', '-kp_8'), '48 | c8')
  assert.equal(typed('+ctrl', '+ctrl_r', '-ctrl_r', '-ctrl'), '1d | e0 1d | e0 9d | 9d')
})

test('a key that the keyboard lacks sends nothing', () => {
  for (const name of ['unmapped', 'menu', 'again', 'help', 'lang1'] as const) {
    assert.deepEqual(new KeyboardEncoder().encode(keyNumber(name), true), [])
  }
})

// The codes in the following tests were read from port 0x60 of a QEMU 7.2 guest.
test('Pause sends its release with its press, and becomes Break with Ctrl', () => {
  assert.equal(typed('+pause', '-pause'), 'e1 1d 45 e1 9d c5 | ')
  assert.equal(typed('+alt', '+pause', '-pause', '-alt'), '38 | e1 1d 45 e1 9d c5 |  | b8')
  assert.equal(typed('+ctrl', '+pause', '-pause', '-ctrl'), '1d | e0 46 e0 c6 |  | 9d')
  assert.equal(typed('+ctrl_r', '+pause', '-pause', '-ctrl_r'), 'e0 1d | e0 46 e0 c6 |  | e0 9d')
})

test('Print wraps itself in a Shift, unless Shift or Ctrl is really down', () => {
  assert.equal(typed('+print', '-print'), 'e0 2a e0 37 | e0 b7 e0 aa')
  assert.equal(typed('+sysrq', '-sysrq'), 'e0 2a e0 37 | e0 b7 e0 aa')
  assert.equal(typed('+shift', '+print', '-print', '-shift'), '2a | e0 37 | e0 b7 | aa')
  assert.equal(typed('+ctrl', '+print', '-print', '-ctrl'), '1d | e0 37 | e0 b7 | 9d')
  assert.equal(typed('+print', '+ctrl', '-ctrl', '-print'), 'e0 2a e0 37 | 1d | 9d | e0 b7 e0 aa')
})

test('Print with Alt is SysRq, between a release and a press of that Alt', () => {
  assert.equal(typed('+alt', '+print', '-print', '-alt'), '38 | b8 38 54 | d4 b8 38 | b8')
  assert.equal(typed('+alt_r', '+print', '-print', '-alt_r'), 'e0 38 | e0 b8 e0 38 54 | d4 e0 b8 e0 38 | e0 b8')
  assert.equal(typed('+ctrl', '+alt', '+sysrq', '-sysrq'), '1d | 38 | b8 38 54 | d4 b8 38')
  assert.equal(typed('+alt', '+alt_r', '+print', '-print'), '38 | e0 38 | b8 38 54 | d4 b8 38')
})

test('a number stands for the key that has it, modulo 2^32, and for none if no key has it', () => {
  assert.equal(keyOfNumber(0x1e), keyNumber('a'))
  assert.equal(keyOfNumber(0xc8), keyNumber('up'))
  assert.equal(keyOfNumber(2 ** 32 + 0x1e), keyNumber('a'))
  assert.equal(keyOfNumber(-(2n ** 32n) + 0x1en), keyNumber('a'))
  for (const number of [0, -1, 0x55, 0x5a, 0x80, 0x9e, 0x100, 0x11e, 2 ** 31, 2n ** 62n])
    assert.equal(keyOfNumber(number), 0)
})

test('there are 150 names, each once, the first and the last as in the schema', () => {
  assert.equal(new Set(qKeyCodes).size, 150)
  assert.equal(qKeyCodes[0], 'unmapped')
  assert.equal(qKeyCodes.at(-1), 'lang2')
})
