import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moveTray, type TrayMove } from './tray.ts'

const after = (...moves: TrayMove[]): string => moves.reduce(moveTray, 'closed')

test('a tray opens and closes, and doing so twice changes nothing', () => {
  assert.equal(after('open'), 'open')
  assert.equal(after('open', 'open'), 'open')
  assert.equal(after('open', 'close'), 'closed')
  assert.equal(after('close'), 'closed')
})

test('a lock holds a closed tray, and may be set while it is open', () => {
  assert.equal(after('lock'), 'locked')
  assert.equal(after('lock', 'unlock', 'open'), 'open')
  assert.equal(after('open', 'lock'), 'open-locked')
  assert.equal(after('open', 'lock', 'close'), 'locked')
  assert.equal(after('open', 'lock', 'unlock'), 'open')
})

test('a locked tray does not open', () => {
  assert.throws(() => after('lock', 'open'), /a tray that is locked does not open/)
})
