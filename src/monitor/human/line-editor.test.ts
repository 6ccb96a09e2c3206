import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Completion } from './completion.ts'
import { LineEditor } from './line-editor.ts'

/** An editor and what it has shown since it was last asked. */
function editor(complete: (line: string) => Completion = () => ({ typed: 0, candidates: [] })) {
  let shown = ''
  const lines: string[] = []
  const subject = new LineEditor({ prompt: '(qemu) ', show: (bytes) => (shown += bytes), complete })
  subject.prompt()
  const type = (keys: string): string => {
    shown = ''
    for (const byte of Buffer.from(keys, 'latin1')) {
      const line = subject.type(byte)
      if (line === undefined) continue
      lines.push(line)
      subject.prompt()
    }
    return shown
  }
  return { type, lines, subject }
}

const left = (count: number): string => '\x1b[D'.repeat(count)

test('each key draws the line again, as recorded from QEMU', () => {
  const { type, lines } = editor()
  assert.equal(type('inf'), `i\x1b[K${left(1)}in\x1b[K${left(2)}inf\x1b[K`)
  assert.equal(type('\r'), '\n(qemu) ')
  assert.equal(type('\x1b[A'), 'inf\x1b[K')
  assert.equal(type('\x1b[D\x1b[D'), left(2))
  assert.equal(type('X'), `${left(1)}iXnf\x1b[K${left(2)}`)
  assert.equal(type('\x7f'), `${left(2)}inf\x1b[K${left(2)}`)
  assert.equal(type('\x01'), left(1))
  assert.equal(type('\x04'), `nf\x1b[K${left(2)}`)
  assert.equal(type('\x05'), '\x1b[C\x1b[C')
  type('\r')
  assert.deepEqual(lines, ['inf', 'nf'])
})

test('Ctrl-W takes the word before the cursor and the space behind it', () => {
  const { type, lines } = editor()
  type('sendkey ctrl-alt  \x17b\x17\x17info\r')
  assert.deepEqual(lines, ['info'])
})

test('the history has each line once, the last one at the end, and forgets the oldest of more than 64', () => {
  const { type, subject } = editor()
  type('one\rtwo\rone\r\r')
  assert.deepEqual(subject.history.lines, ['two', 'one'])
  type('\x1b[A\x1b[A\r')
  assert.deepEqual(subject.history.lines, ['one', 'two'])
  for (let index = 0; index < 70; index++) type(`line ${index}\r`)
  assert.equal(subject.history.lines.length, 64)
  assert.equal(subject.history.lines.at(-1), 'line 69')
})

test('one candidate is completed with a space, several are shown in columns behind what they have in common', () => {
  const { type } = editor((line) => ({
    typed: line.length,
    candidates: ['alt', 'alt_r', 'altgr', 'ctrl', 'folder/'].filter((word) => word.startsWith(line)),
  }))
  assert.equal(type('c\t'), `c\x1b[K${left(1)}ctrl \x1b[K`)
  type('\x17f')
  assert.equal(type('\t'), `${left(1)}folder/\x1b[K`)
  type('\x17a')
  assert.equal(type('\t'), '\nalt       alt_r     altgr     \n(qemu) alt\x1b[K')
})

test('escape sequences of terminals move the cursor; unknown ones do nothing', () => {
  const { type, lines } = editor()
  type('bc\x1bOHa\x1bOFd\x1b[1~\x1b[3~\x1b[4~e\x1b[9~\x1bZ\x9bDx\r')
  assert.deepEqual(lines, ['bcdxe'])
})

test('a line holds 4095 bytes', () => {
  const { type, lines } = editor()
  type(`${'a'.repeat(5000)}\r`)
  assert.equal(lines[0]!.length, 4095)
})
