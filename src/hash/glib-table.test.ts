import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GlibTable } from './index.ts'

function tableOf(...names: string[]): GlibTable {
  const table = new GlibTable()
  for (const name of names) table.add(name)
  return table
}

test('names are walked in the order that a recording of query-chardev shows, which is the reverse', () => {
  const table = tableOf('compat_monitor0', 'n0', 'r0', 's0', 'f0')
  assert.deepEqual(table.names().reverse(), ['f0', 'r0', 's0', 'n0', 'compat_monitor0'])
})

test('a table that has grown and shrunk again holds what was left in it', () => {
  const names = Array.from({ length: 200 }, (_, index) => `device-${index}`)
  const table = tableOf(...names)
  assert.deepEqual(table.names().sort(), [...names].sort())
  for (const name of names.slice(5)) table.remove(name)
  table.remove('never there')
  assert.deepEqual(table.names().sort(), names.slice(0, 5))
  table.add('again')
  assert.equal(table.names().length, 6)
})
