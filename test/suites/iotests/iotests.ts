import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { difference, type Outcome, passes } from '../expectation.ts'
import { writeProgram } from '../programs.ts'
import { type Suite, type SuiteRun, SuiteUsageError, type Tally } from '../suite.ts'
import { type Programs, runTest, testFolder } from './run-test.ts'
import { type Case, cases } from './table.ts'

/** QEMU's tests of images and block devices, with `vmon img` for qemu-img and vmon for the emulator. */
export const iotests: Suite = {
  name: 'iotests',
  usage: '[image|emulator|NUMBER ...]',
  summary:
    "QEMU's block tests, on `vmon img` and vmon (--qemu: on QEMU's own programs; --own-io: with `vmon io`; --keep: keep what they leave)",
  run: runIotests,
}

/** QEMU's own: what a test does with them shows whether it can pass here at all. */
const programsOfQemu: Programs = {
  emulator: '/usr/bin/qemu-system-x86_64',
  img: '/usr/bin/qemu-img',
  io: '/usr/bin/qemu-io',
  nbd: '/usr/bin/qemu-nbd',
  storage: '/usr/bin/qemu-storage-daemon',
}

async function runIotests({ arguments: words, signal, print }: SuiteRun): Promise<Tally> {
  if (!existsSync(testFolder)) throw new SuiteUsageError(`there is no ${testFolder}: run tools/setup-suites first`)
  const onQemu = words.includes('--qemu')
  const keep = words.includes('--keep')
  const chosen = choose(words.filter((word) => !word.startsWith('--')))
  const named = chosen.length < 10
  const folder = await mkdtemp(join(tmpdir(), 'vmon-iotests-'))
  const outcomes = new Map<Case, Outcome>()
  try {
    const programs = onQemu ? programsOfQemu : await programsOfVmon(folder, words.includes('--own-io'))
    for (const one of chosen) {
      if (signal.aborted) break
      if (one.expected.kind === 'not-for-us' && !named) continue
      const started = performance.now()
      const work = join(folder, one.test.replace('/', '-'))
      const outcome = await runTest({ test: one.test, format: one.format, programs, folder: work, signal })
      outcomes.set(one, outcome)
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      print(
        `${one.test.padEnd(5)} ${one.format} ${outcome.kind.padEnd(8)} ${seconds.padStart(5)} s ${note(one, outcome)}`,
      )
      if (outcome.kind === 'failed' && named) print(outcome.detail)
      if (outcome.kind === 'failed' && keep) await writeFile(`${work}.diff`, `${outcome.detail}\n`)
      if (!keep) await rm(work, { recursive: true, force: true })
    }
  } finally {
    if (keep) print(`What the tests left is in ${folder}`)
    else await rm(folder, { recursive: true, force: true })
  }
  if (!onQemu) for (const family of ['image', 'emulator'] as const) print(account(family, chosen, outcomes))
  return tally(outcomes, onQemu, print)
}

/** @param ownIo - requests are those of `vmon io`; if not, a program of QEMU's looks at what ours have written */
async function programsOfVmon(folder: string, ownIo: boolean): Promise<Programs> {
  return {
    emulator: await writeProgram(folder, 'qemu-system-x86_64'),
    img: await writeProgram(folder, 'qemu-img'),
    nbd: await writeProgram(folder, 'qemu-nbd'),
    storage: await writeProgram(folder, 'qemu-storage-daemon'),
    io: ownIo ? await writeProgram(folder, 'qemu-io') : programsOfQemu.io,
  }
}

function choose(words: readonly string[]): readonly Case[] {
  if (words.length === 0) return cases
  return words.flatMap((word) => {
    if (word === 'image' || word === 'emulator') return cases.filter(({ family }) => family === word)
    const name = /^\d+$/.test(word) ? word.padStart(3, '0') : `tests/${word.replace(/^tests\//, '')}`
    const found = cases.filter(({ test }) => test === name)
    if (found.length === 0) throw new SuiteUsageError(`there is no test '${word}' in the table`)
    return found
  })
}

function note({ expected }: Case, outcome: Outcome): string {
  if (expected.kind === 'passes' || outcome.kind === 'passed' || outcome.kind === 'interrupted') return ''
  return `(as expected: ${expected.kind === 'waits' ? 'waits for ' : ''}${expected.reason})`
}

/** e.g. `image tests: 85 of 97 pass, 3 differ, 9 are not for us` */
function account(family: Case['family'], chosen: readonly Case[], outcomes: ReadonlyMap<Case, Outcome>): string {
  const ours = chosen.filter((one) => one.family === family)
  const passed = ours.filter((one) => outcomes.get(one)?.kind === 'passed').length
  const count = (kind: string): number =>
    ours.filter((one) => one.expected.kind === kind && outcomes.get(one)?.kind !== 'passed').length
  return (
    `${family} tests: ${passed} of ${ours.length} pass; ${count('differs')} differ for known reasons, ` +
    `${count('waits')} wait for parts that are missing, ${count('not-for-us')} are about something else`
  )
}

function tally(outcomes: ReadonlyMap<Case, Outcome>, onQemu: boolean, print: (line: string) => void): Tally {
  let passed = 0
  let failed = 0
  for (const [one, outcome] of outcomes) {
    const wrong = difference(onQemu ? passes : one.expected, outcome)
    if (outcome.kind === 'interrupted') continue
    if (wrong === undefined) passed++
    else {
      failed++
      print(`${one.test}: ${wrong.split('\n').slice(0, 12).join('\n  ')}`)
    }
  }
  return { passed, failed }
}
