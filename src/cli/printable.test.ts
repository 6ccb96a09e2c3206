import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, printableLines } from './printable.ts'
import { machineLine } from './top/table-text.ts'

test('what terminals take for orders is escaped, and everything else stays', () => {
  assert.equal(printable('Büro 7 😀 \\'), 'Büro 7 😀 \\')
  assert.equal(printable('a\x1b]0;b\x07\r\n\t\x7f\x9b2J'), 'a\\u001b]0;b\\u0007\\u000d\\u000a\\u0009\\u007f\\u009b2J')
  assert.equal(printable('\u202egnp.exe\u2028\ud800'), '\\u202egnp.exe\\u2028\\ud800')
  assert.equal(printableLines('a\n\tb\x1b[0m\r'), 'a\n\tb\\u001b[0m\\u000d')
})

test('vmon top shows the names and states of machines, and no orders to the terminal', () => {
  const disks = { readBytes: 0, writtenBytes: 0, reads: 0, writes: 0 }
  const jobs = [{ id: '\x1b[1m', type: 'mirror', status: 'running', done: undefined }]
  const networks = undefined
  const sample = {
    time: 0,
    name: '\x1b[2J',
    status: 'run\nning',
    running: true,
    cpus: 1,
    cpuSeconds: 0,
    disks,
    networks,
    jobs,
  }
  const lines = [
    machineLine({ address: 'a', watched: { state: 'known', sample, rates: undefined } }),
    machineLine({ address: '\x9b', watched: { state: 'lost', reason: '\x1bc' } }),
    machineLine({ address: '\x1b', watched: { state: 'asked' } }),
  ]
  for (const line of lines) assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f]/)
  assert.match(lines[0]!, /^\\u001b\[2J +run\\u000anin/)
})
