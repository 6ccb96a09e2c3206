/** `vmon io` beside qemu-io: the same lines on the same image say the same, and leave the same behind. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { seed } from '../drawn-cases.ts'

/** How many random lines are tried on each format. */
const lineCount = Number(process.env['VMON_IO_LINES'] ?? 400)
const vmonIo = [process.execPath, fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url)), 'io']
const there = spawnSync('qemu-io', ['--version']).error === undefined
const skip = there ? false : 'there is no qemu-io: run tools/setup-peers'

const folder = mkdtempSync(join(tmpdir(), 'vmon-io-'))
after(() => rmSync(folder, { recursive: true }))

function run(program: string, ...words: readonly string[]): void {
  const { status, stderr } = spawnSync(program, words, { cwd: folder, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

interface Told {
  /** What each line was answered with. */
  readonly answers: readonly string[]
  readonly complaints: readonly string[]
  readonly status: number | null
}

function converse([program, ...first]: readonly string[], words: readonly string[], lines: readonly string[]): Told {
  const { stdout, stderr, status } = spawnSync(program!, [...first, ...words], {
    cwd: folder,
    encoding: 'utf8',
    input: [...lines, ''].join('\n'),
    timeout: 300_000,
  })
  return {
    answers: withoutTimes(stdout).split(/(?:qemu-io|vmon io)> /),
    complaints: stderr.replace(/^vmon io:/gm, 'qemu-io:').split('\n'),
    status,
  }
}

const withoutTimes = (text: string): string =>
  text.replace(/ops; .*\)/g, 'ops; TIME').replace(/(\d+,\d+),\d+:\d\d:\d\d\.\d\d,[\d.]+,[\d.]+\n/g, '$1,TIME\n')

/** What was answered to each line: what runs on may answer in the line behind, where it is waited for. */
function answered(lines: readonly string[], { answers }: Told): Map<number, string> {
  const result = new Map<number, string>()
  lines.forEach((line, index) => {
    const behind = line.startsWith('aio_') ? (answers[index + 2] ?? '') : ''
    if (line !== 'aio_flush') result.set(index, (answers[index + 1] ?? 'nothing more') + behind)
  })
  return result
}

function differences(lines: readonly string[], theirs: Told, ours: Told): unknown[] {
  const [expected, actual] = [answered(lines, theirs), answered(lines, ours)]
  const wrong = [...expected].filter(([index, text]) => actual.get(index) !== text)
  return wrong.slice(0, 5).map(([index, text]) => ({
    line: lines[index],
    ours: shortened(actual.get(index) ?? ''),
    theirs: shortened(text),
  }))
}

const shortened = (text: string): string => (text.length > 400 ? `${text.slice(0, 200)} ... ${text.slice(-200)}` : text)

const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40).map((clusters) => `${clusters * 64}k`) },
  { weight: 3, arbitrary: fc.nat(6000).map((sectors) => String(sectors * 512)) },
  { weight: 2, arbitrary: fc.nat(2_500_000).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '0',
      '1',
      '0x200',
      '1.5k',
      '2M',
      '3M',
      '1G',
      '3G',
      '8E',
      '7E',
      '1x',
      'x',
      '-1',
      '',
      '1k1',
    ),
  },
)
const length = fc.oneof(
  { weight: 4, arbitrary: fc.nat(8).map((clusters) => `${clusters * 64}k`) },
  { weight: 2, arbitrary: fc.nat(600).map((sectors) => String(sectors * 512)) },
  { weight: 1, arbitrary: size },
)
const options = (letters: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...letters), { maxLength: 3 }).map((list) => list.join(' '))
const pattern = fc.nat(255).map((value) => `-P ${value}`)
const oddPattern = fc.constantFrom('-P 256', '-P x', '-P 0x7f', '-P 010', '-P', '-P -1', '-x', '-P7')

/** A command with options, offset and lengths. */
function command(
  names: readonly string[],
  letters: readonly string[],
  lengths: { minLength: number; maxLength: number },
): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom(...names),
      options(letters),
      fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 4, arbitrary: pattern }, oddPattern),
      size,
      fc.array(length, lengths),
    )
    .map(([name, flags, value, offset, list]) => [name, flags, value, offset, ...list].join(' '))
}

const one = { minLength: 1, maxLength: 1 }
const some = { minLength: 1, maxLength: 3 }
const few = { minLength: 0, maxLength: 2 }
const line = fc.oneof(
  { weight: 5, arbitrary: command(['read', 'r'], ['-q', '-C', '-p', '-s 512', '-l 1k'], one) },
  { weight: 2, arbitrary: command(['readv', 'aio_read'], ['-q', '-C'], some) },
  { weight: 8, arbitrary: command(['write', 'w'], ['-q', '-C', '-z', '-f', '-u', '-p'], one) },
  { weight: 3, arbitrary: command(['writev', 'aio_write'], ['-q', '-C', '-f'], some) },
  { weight: 2, arbitrary: command(['aio_write'], ['-z', '-u', '-i', '-q'], some) },
  { weight: 1, arbitrary: command(['read', 'write', 'readv', 'aio_read', 'discard', 'nosuch'], ['-n', '-k'], few) },
  { weight: 1, arbitrary: fc.tuple(size, fc.nat(70)).map(([offset, count]) => `read -v ${offset} ${count}`) },
  { weight: 2, arbitrary: fc.tuple(size, length).map((words) => `alloc ${words.join(' ')}`) },
  {
    weight: 4,
    arbitrary: fc.constantFrom('map', 'length', 'flush', 'alloc 0 2M', 'help x', 'help write', 'sleep 0', 'break read_aio A', 'resume A', 'info', 'alloc', 'map 1', '', 'remove_break x'), // biome-ignore format: one line
  },
)

/** Whatever runs on is waited for, so that both do one thing after the other. */
const inTurn = (lines: readonly string[]): string[] =>
  lines.flatMap((text) => (text.startsWith('aio_') ? [text, 'aio_flush'] : [text]))

describe('vmon io beside qemu-io', { skip }, () => {
  for (const format of ['qcow2', 'raw'] as const) {
    test(`says the same of lines at random, and leaves the same ${format} image`, { timeout: 600_000 }, () => {
      const lines = inTurn(fc.sample(line, { seed, numRuns: lineCount }))
      if (format === 'qcow2') {
        run('qemu-img', 'create', '-q', '-f', 'raw', 'base', '2M')
        run('qemu-io', '-f', 'raw', '-c', 'write -q -P 17 0 2M', 'base')
        run('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', 'base', '-F', 'raw', 'theirs', '2M')
      } else run('qemu-img', 'create', '-q', '-f', 'raw', 'theirs', '2M')
      copyFileSync(join(folder, 'theirs'), join(folder, 'ours'))
      const theirs = converse(['qemu-io'], ['-f', format, 'theirs'], lines)
      const ours = converse(vmonIo, ['-f', format, 'ours'], lines)
      assert.deepEqual(differences(lines, theirs, ours), [])
      assert.deepEqual([ours.complaints, ours.status], [theirs.complaints, theirs.status])
      run('qemu-img', 'compare', '-f', format, '-F', format, 'theirs', 'ours')
      if (format === 'qcow2') run('qemu-img', 'check', 'ours')
    })
  }

  test('has the same help for every command', () => {
    const image = ['-f', 'raw', 'theirs']
    run('qemu-img', 'create', '-q', '-f', 'raw', 'theirs', '1M')
    const list = converse(['qemu-io'], image, ['help']).answers[1] ?? ''
    const names = [...list.matchAll(/^([a-z_]+) .*--/gm)].map(([, name]) => name!)
    const lines = ['help', ...names.map((name) => `help ${name}`), 'help r', 'help ?']
    assert.ok(names.length > 25)
    assert.deepEqual(converse(vmonIo, image, lines).answers, converse(['qemu-io'], image, lines).answers)
  })

  test('stops requests at breakpoints, and lets them go on', () => {
    const lines = [
      'break write_aio A',
      'aio_write -P 1 0 64k',
      'wait_break A',
      'read -P 0 0 64k',
      'resume B',
      'resume A',
      'aio_flush',
      'read -P 1 0 64k',
      'break read_aio C',
      'remove_break C',
      'remove_break C',
      'break l2_load D',
      'break nosuch D',
      'break write_aio E',
      'aio_write -P 2 64k 64k',
      'wait_break E',
      'remove_break E',
      'aio_flush',
      'read -P 2 64k 64k',
      'quit',
    ]
    for (const name of ['theirs', 'ours']) run('qemu-img', 'create', '-q', '-f', 'qcow2', name, '1M')
    const theirs = converse(['qemu-io'], ['blkdebug::theirs'], lines)
    const ours = converse(vmonIo, ['blkdebug::ours'], lines)
    // When a request that goes on has ended is told before the next line, or behind it.
    const sorted = ({ answers }: Told): string[] => answers.join('').split('\n').sort()
    assert.deepEqual(sorted(ours), sorted(theirs))
    assert.deepEqual(ours.complaints, theirs.complaints)
  })
})
