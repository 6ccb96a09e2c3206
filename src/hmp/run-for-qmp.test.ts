import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Interpreter } from './interpreter.ts'
import { runForQmp } from './run-for-qmp.ts'

type Run = Interpreter['execute']
const asked = (execute: Run): Promise<string> => runForQmp({ execute } as Interpreter, 'a line', 0)
const mebi = 1 << 20

test('gives back what was printed, with lines as terminals want them', async () => {
  assert.equal(await asked(async (_line, _state, { print }) => print('one\ntwo\n')), 'one\r\ntwo\r\n')
})

test('cuts what is printed without end, and tells the command to end', async () => {
  let pieces = 0
  const text = await asked(async (_line, _state, { print, wanted }) => {
    while (await wanted()) {
      print('x'.repeat(mebi))
      pieces++
    }
  })
  assert.deepEqual([text.length, pieces], [64 * mebi, 65])
})

test('keeps no more of a command that does not ask whether anybody wants it', async () => {
  const piece = 'x'.repeat(8 * mebi)
  const text = await asked(async (_line, _state, { print }) => {
    for (let count = 0; count < 100; count++) print(piece)
  })
  assert.equal(text.length, 64 * mebi)
})

test('gives back only what a client asked for: the next line begins anew', async () => {
  await asked(async (_line, _state, { print }) => print('first'))
  assert.equal(await asked(async (_line, _state, { print }) => print('second')), 'second')
})
