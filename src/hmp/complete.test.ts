import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CompletionSources, completeLine } from './complete.ts'
import { commandTable, infoTable } from './table.ts'

const sources: CompletionSources = {
  commands: commandTable,
  info: infoTable,
  drives: () => ['ide0-hd0', 'floppy0'],
  chardevs: () => [
    { label: 'serial0', buffer: false },
    { label: 'ring', buffer: true },
  ],
  objects: () => ['io0'],
  devices: () => ['card'],
}

for (const [line, typed, candidates] of [
  ['ring', 4, ['ringbuf_write', 'ringbuf_read']],
  ['info blocks', 6, ['blockstats']],
  ['help ej', 2, ['eject']],
  ['eject i', 1, ['ide0-hd0']],
  ['eject -f f', 1, ['floppy0']],
  ['chardev-remove ', 0, ['serial0', 'ring']],
  ['chardev-change s', 1, ['serial0']],
  ['chardev-send-break r', 1, ['ring']],
  ['chardev-add ri', 2, ['ringbuf']],
  ['ringbuf_read ', 0, ['ring']],
  ['ringbuf_write s', 1, []],
  ['ringbuf_read ring r', 0, []],
  ['device_del ', 0, ['card']],
  ['watchdog_action po', 2, ['poweroff']],
  ['bogus x', 0, []],
] as const) {
  test(`a tab behind '${line}' offers ${candidates.length === 0 ? 'nothing' : candidates.join(', ')}`, () => {
    assert.deepEqual(completeLine(line, sources), { typed, candidates })
  })
}
