/**
 * Random lines and mutations of recorded ones for the human monitor; VMON_HMP_LINES says how many. Each is answered, and so
 * is a good command behind every few, rightly.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { commandTable, infoTable } from '../../src/hmp/index.ts'
import { startMachine } from '../../src/index.ts'
import { seed } from '../drawn-cases.ts'
import { loadTranscripts } from '../oracle/case.ts'

const lineCount = Number(process.env['VMON_HMP_LINES'] ?? 4000)
/** So many lines are drawn at once. */
const batch = 2000
/** A good command stands behind so many of them. */
const every = 20

const transcripts = loadTranscripts(new URL('../../../test/transcripts/', import.meta.url).pathname)
const recorded = [...transcripts.values()].flat().flatMap(({ steps }) =>
  steps.flatMap(({ send }) => {
    const text = /"command-line": ("(?:[^"\\]|\\.)*")/.exec(send ?? '')?.[1]
    return text === undefined ? [] : [JSON.parse(text) as string]
  }),
)

const word = fc.oneof(
  fc.constantFrom(
    ...Object.keys(commandTable),
    ...Object.keys(infoTable),
    'info',
    'all',
    'on',
    'off',
    '-f',
    '-n',
    '-x',
  ),
  fc.constantFrom(
    '0',
    '1',
    '0x10',
    '$eax',
    '$foo',
    '"',
    '"a b"',
    "'a'",
    '/x',
    '/4xb',
    '(1',
    '1/0',
    '99999999999999999999',
  ),
  fc.string({ maxLength: 8, unit: 'binary' }),
)
const invented = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '))
const mutated = fc
  .tuple(fc.constantFrom(...recorded), fc.nat(), fc.nat(), fc.constantFrom('cut', 'drop', 'double', 'replace'), word)
  .map(([line, first, second, how, text]) => {
    const [from, to] = [first % (line.length + 1), second % (line.length + 1)].sort((a, b) => a - b) as [number, number]
    if (how === 'cut') return line.slice(0, to)
    if (how === 'drop') return line.slice(0, from) + line.slice(to)
    if (how === 'double') return line.slice(0, to) + line.slice(from)
    return line.slice(0, from) + text + line.slice(to)
  })

/** What ends the machine, runs programs, writes to files anywhere, or is right to take its time: all of memory. */
const left =
  /^\s*(q|quit|sum|qemu-io)(\s|\/|$)|^\s*(memsave|pmemsave|screendump|logfile|snapshot_blkdev|change|drive_\w+|dump-guest-memory|dumpdtb|wavcapture|commit|chardev-\w+|migrate\w*|nbd_server_start|object_add)\b.*\/|exec:|cmd:|script=|\/[^\s]*\d{4}|0x[0-9a-f]{8}/s
const line = fc.oneof(mutated, mutated, mutated, invented).filter((text) => !left.test(text))

test(`${lineCount} lines are answered, and the good ones behind them rightly`, { timeout: 3_600_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-lines-'))
  const before = process.cwd()
  process.chdir(folder)
  try {
    await using machine = await startMachine({ accel: 'none', name: 'target' })
    const say = (text: string): Promise<unknown> =>
      machine.qmp.executeAny('human-monitor-command', { 'command-line': text })
    for (let done = 0; done < lineCount; done += batch) {
      for (const [index, text] of fc.sample(line, { seed: seed + done, numRuns: batch }).entries()) {
        assert.doesNotMatch(String(await say(text)), /Internal error/, JSON.stringify(text))
        if (index % every !== 0) continue
        assert.equal(await say('p/x 6*7'), '0x2a\r\n', JSON.stringify(text))
        assert.equal(await say('info name'), 'target\r\n', JSON.stringify(text))
      }
    }
  } finally {
    process.chdir(before)
    await rm(folder, { recursive: true, force: true })
  }
})
