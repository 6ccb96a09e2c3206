import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { test } from 'node:test'
import { errorName, reasonText, strerror, systemCode } from './index.ts'
import { codes } from './table.ts'

test('a code by name or by number has the text of the C library', () => {
  assert.equal(strerror('ENOENT'), 'No such file or directory')
  assert.equal(strerror(2), 'No such file or directory')
  assert.equal(strerror(-98), 'Address already in use')
  assert.equal(strerror('EWHAT'), 'Unknown error EWHAT')
  assert.equal(strerror(9999), 'Unknown error 9999')
})

test('every number is the one that this system uses', { skip: process.platform !== 'linux' && 'needs Linux' }, () => {
  const known: Record<string, number> = constants.errno
  for (const [name, [number]] of Object.entries(codes)) {
    if (known[name] !== undefined) assert.equal(number, known[name], name)
    assert.equal(errorName(number), name)
  }
})

test('an error that the system gave is told in the words of the C library, any other in its own', async () => {
  const error = await readFile('/nonexistent/file').catch((thrown: unknown) => thrown)
  assert.equal(systemCode(error), 'ENOENT')
  assert.equal(reasonText(error), 'No such file or directory')
  assert.equal(systemCode(Object.assign(new Error('bad'), { code: 'ERR_INVALID_ARG_TYPE' })), undefined)
  assert.equal(reasonText(new Error('bad')), 'bad')
  assert.equal(reasonText('plain'), 'plain')
})
