import { existsSync } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { difference, type Expectation, type Outcome, passes } from '../expectation.ts'
import { writePlainProgram } from '../programs.ts'
import { runProgram } from '../run-program.ts'
import { type Suite, type SuiteRun, SuiteUsageError, type Tally } from '../suite.ts'
import { exceptions, programs } from './table.ts'

/** Where `tools/setup-suites qtests` puts the programs. */
const programFolder = '/usr/local/lib/vmon-peers/qemu-qtests'

/** A program that has not ended by then never will, in milliseconds. */
const patienceWith = (program: string): number => (program === 'migration-test' ? 1_800_000 : 240_000)

/** QEMU's tests in C, of monitors and devices. */
export const qtests: Suite = {
  name: 'qtests',
  usage: '[PROGRAM|CASE ...]',
  summary: "QEMU's C tests of the monitor and of the machine, on vmon (tools/setup-suites qtests builds them)",
  run: runQtests,
}

async function runQtests({ arguments: words, signal, print }: SuiteRun): Promise<Tally> {
  // Those alone that are named, if every word is the name of one; a case may be any program's.
  const named = programs.filter((program) => words.includes(program))
  const chosen = named.length > 0 && named.length === new Set(words).size ? named : programs
  const missing = chosen.filter((program) => !existsSync(join(programFolder, program)))
  if (missing.length > 0)
    throw new SuiteUsageError(`programs are not built: run tools/setup-suites qtests ${missing.join(' ')}`)
  const folder = await mkdtemp(join(tmpdir(), 'vmon-qtests-'))
  const run: Run = { folder, emulator: await writePlainProgram(folder, 'qemu-system-i386'), signal }
  const differences: string[] = []
  let passed = 0
  let passing = 0
  let cases = 0
  try {
    for (const program of chosen) {
      if (exceptions[program]?.kind === 'not-for-us' && !words.includes(program)) continue
      const paths = (await casesOf(run, program)).filter(
        (path) => words.includes(path) || (isForUs(path) && (words.length === 0 || words.includes(program))),
      )
      for await (const { path, outcome } of runCases(run, program, paths)) {
        const expected = exceptions[path] ?? exceptions[program] ?? passes
        cases++
        if (outcome.kind === 'passed') passing++
        print(`${program} ${path}: ${outcome.kind}${note(expected, outcome)}`)
        if (outcome.kind === 'failed' && words.length > 0) print(outcome.detail)
        const wrong = difference(expected, outcome)
        if (wrong === undefined) passed++
        else differences.push(`${path}: ${wrong}`)
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  print(`${passing} of ${cases} cases pass`)
  for (const line of differences) print(line)
  return { passed, failed: differences.length }
}

/** Cases that are about something else only run where they are named. */
function isForUs(path: string): boolean {
  return exceptions[path]?.kind !== 'not-for-us'
}

interface Run {
  readonly folder: string
  readonly emulator: string
  readonly signal: AbortSignal
}

function note(expected: Expectation, outcome: Outcome): string {
  return expected.kind === 'passes' || outcome.kind === 'passed' ? '' : ` (as expected: ${expected.reason})`
}

/** The cases of a program; some ask the emulator first what there is to test. */
async function casesOf(run: Run, program: string): Promise<string[]> {
  const { end, printed } = await call(run, program, ['-l'])
  const paths = printed.split('\n').filter((line) => line.startsWith('/'))
  // A program that cannot list its cases fails as a whole.
  return end === 0 || run.signal.aborted ? paths : ['/']
}

/**
 * Runs cases of a program in one go, since some begin where the one before has ended. The first that fails ends the
 * program, which then runs again without it.
 */
async function* runCases(
  run: Run,
  program: string,
  paths: readonly string[],
): AsyncGenerator<{ readonly path: string; readonly outcome: Outcome }> {
  let waiting = [...paths]
  const failed: string[] = []
  while (waiting.length > 0) {
    const skipped = failed.flatMap((path) => ['-s', path])
    const chosen = paths[0] === '/' ? [] : paths.flatMap((path) => ['-p', path])
    const { end, printed } = await call(run, program, ['--tap', ...chosen, ...skipped])
    if (run.signal.aborted) return
    for (const path of [...waiting]) {
      const ended = new RegExp(`^ok \\d+ ${path.replaceAll('+', '\\+')}(?: # SKIP(.*))?$`, 'm').exec(printed)
      if (ended === null) continue
      waiting = waiting.filter((other) => other !== path)
      yield {
        path,
        outcome: ended[1] === undefined ? { kind: 'passed' } : { kind: 'not-run', detail: ended[1].trim() },
      }
    }
    const path = waiting.shift()
    if (path === undefined) return
    const lines = printed
      .split('\n')
      .filter((line) => line !== '' && !/^(# |ok |1\.\.)|terminating on signal/.test(line))
    const detail =
      end === 'late' ? `did not end within ${patienceWith(program) / 1000} s` : lines.slice(0, 20).join('\n')
    yield { path, outcome: { kind: 'failed', detail } }
    failed.push(path)
  }
}

async function call(
  { folder, emulator, signal }: Run,
  program: string,
  words: readonly string[],
): Promise<{ end: number | string; printed: string }> {
  const file = join(folder, 'printed')
  const output = await open(file, 'w')
  const end = await runProgram({
    program: join(programFolder, program),
    arguments: words,
    folder,
    environment: { QTEST_QEMU_BINARY: emulator, TMPDIR: folder },
    output: output.fd,
    patience: patienceWith(program),
    signal,
  }).finally(() => output.close())
  return { end: end.kind === 'ended' ? end.status : end.kind, printed: await readFile(file, 'utf8') }
}
