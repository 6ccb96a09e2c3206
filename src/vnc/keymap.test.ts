import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyNumber, type QKeyCode } from '../input/index.ts'
import { KeymapError, keymapOf, keysymOf, usualKeymap } from './keymap.ts'
import { readKeymap } from './keymap-file.ts'

const none: ReadonlySet<number> = new Set()
const keys = (...names: QKeyCode[]): ReadonlySet<number> => new Set(names.map((name) => keyNumber(name)))
const never = (): string => {
  throw new KeymapError('nothing is included')
}

test('keysyms are known by the names of X11, by characters, and by their numbers', () => {
  assert.deepEqual(['a', 'exclam', 'Return', 'EuroSign', 'U20ac', '0x20ac', 'nosuch', 'XF86Sleep'].map(keysymOf), [
    0x61,
    0x21,
    0xff0d,
    0x20ac,
    0x010020ac,
    0x20ac,
    undefined,
    undefined,
  ])
})

test('an American keyboard has a key for every character of ASCII, in either case', () => {
  const keymap = usualKeymap()
  for (let code = 0x20; code < 0x7f; code++)
    assert.ok(keymap.keyOf(code, none) !== undefined, String.fromCharCode(code))
  assert.equal(keymap.keyOf(0x41, keys('shift')), keyNumber('a'))
  assert.equal(keymap.keyOf(0xffc9, none), keyNumber('f12'))
  assert.equal(keymap.keyOf(0x20ac, none), undefined)
})

test('of several keys that give a keysym, it is the one whose modifiers are held', () => {
  const keymap = keymapOf(
    '# comment\nmap 0x407\nless 0x56\nless 0x33 shift\nbar 0x56 altgr\na 0x10 addupper\nz 0x15 inhibit\n',
    never,
  )
  assert.equal(keymap.keyOf(0x3c, none), 0x56)
  assert.equal(keymap.keyOf(0x3c, keys('shift')), 0x33)
  assert.equal(keymap.keyOf(0x7c, keys('alt_r')), 0x56)
  assert.equal(keymap.keyOf(0x41, keys('shift_r')), 0x10)
  assert.equal(keymap.keyOf(0x7a, none), undefined)
})

test('keymaps include others, but not themselves', () => {
  assert.equal(keymapOf('include other', (name) => (name === 'other' ? 'b 0x30' : never())).keyOf(0x62, none), 0x30)
  assert.throws(() => keymapOf('include other', () => 'include other'), KeymapError)
})

test("a language without a keymap is refused in QEMU's words; the American one needs no file", () => {
  assert.throws(() => readKeymap('zz', ['/nonexistent']), { message: "could not read keymap file: 'zz'" })
  assert.equal(readKeymap('en-us', []).keyOf(0x61, none), keyNumber('a'))
})
