/**
 * Runs the test suite: every compiled `*.test.js`, or those whose path contains one of the words given.
 *
 *     node dist/tools/test.js [WORD ...]
 *
 * Generated cases are the same in each run; VMON_SEED=random draws others (test/drawn-cases.ts).
 * A few tests that fail are run again alone, and named: those of guests and of QEMU share two cores with each other.
 * With CI=true a skipped test fails the run: there, every peer has been installed (tools/setup-peers).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A file that takes longer hangs: the longest, a guest's test of its memory, takes three minutes of a core of its own. */
const fileMinutes = 20

/** As many tests may fail beside others and pass when their files run again alone; where more fail, nothing runs again. */
const unsteadyTests = 3

/** How many of the files that took longest are named. */
const shownFiles = 20

/** Many tests wait, for a guest or for QEMU: more files than this machine has cores keep them busy. */
const sideBySide = 3

/** Begin before all others, or they would run alone at the end. */
const longest = [
  'conformance/vmon',
  'suites/iotests',
  'oracle/command-lines',
  'oracle/examples',
  'faults/hardship',
  'guests/memtest',
  'guests/debian-',
]

const words = process.argv.slice(2)
const files: string[] = []
for (const folder of ['dist/src', 'dist/guests', 'dist/test', 'dist/tools']) {
  if (!existsSync(folder)) continue
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.test.js')) continue
    const path = join(entry.parentPath ?? entry.path, entry.name)
    const source = path.replace(/^dist\//, '').replace(/\.js$/, '.ts')
    if (!existsSync(source)) continue // left over from a file that has gone
    if (words.length === 0 || words.some((word) => path.includes(word))) files.push(path)
  }
}
const place = (path: string): number => {
  const index = longest.findIndex((word) => path.includes(word))
  return index < 0 ? longest.length : index
}
files.sort((one, other) => place(one) - place(other) || (one < other ? -1 : 1))
if (files.length === 0) {
  console.error(`no test's path contains any of: ${words.join(' ')}`)
  process.exit(1)
}

/** The runner's totals by their names. */
type Totals = ReadonlyMap<string, number>

/** Which files passed, how long each took and what of the processor, as they say themselves (test/passed-files.ts). */
const passedFiles = join(mkdtempSync(join(tmpdir(), 'vmon-test-')), 'passed')

/** Runs test files, so many side by side, and shows what the runner reports. */
async function run(paths: readonly string[], concurrency: number): Promise<{ code: number | null; totals: Totals }> {
  writeFileSync(passedFiles, '')
  const child = spawn(
    process.execPath,
    [
      '--import',
      './dist/test/drawn-cases.js',
      '--import',
      './dist/test/passed-files.js',
      './dist/tools/run-test-files.js',
      String(concurrency),
      String(fileMinutes),
      ...paths,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, VMON_PASSED_FILES: passedFiles } },
  )
  /** Lines such as `ℹ pass 12`; the last of each name counts. */
  const totals = new Map<string, number>()
  let line = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    process.stdout.write(chunk)
    const lines = (line + chunk).split('\n')
    line = lines.pop()!
    for (const text of lines) {
      const match = /^. (pass|fail|cancelled|skipped|todo) (\d+)$/.exec(text)
      if (match) totals.set(match[1]!, Number(match[2]))
    }
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, totals }
}

const count = (totals: Totals, ...names: string[]): number =>
  names.reduce((sum, name) => sum + (totals.get(name) ?? 0), 0)

const { code, totals } = await run(files, sideBySide)
let failed = count(totals, 'fail', 'cancelled')
let passed = count(totals, 'pass')
const skipped = count(totals, 'skipped', 'todo')
let ok = code === 0 && failed === 0
const seconds = new Map(
  readFileSync(passedFiles, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '))
    .map(([file, time, processor]) => [file!, { time: Number(time), processor: Number(processor) }]),
)
if (files.length > shownFiles) {
  const slowest = [...seconds].sort((one, other) => other[1].time - one[1].time).slice(0, shownFiles)
  console.log('The longest (seconds, and those of the processor):')
  for (const [file, { time, processor }] of slowest) console.log(`  ${file} ${time} ${processor}`)
  const all = [...seconds.values()].reduce((sum, { processor }) => sum + processor, 0)
  console.log(`All files that passed used ${all.toFixed(0)} s of the processor.`)
}
const suspects = files.filter((file) => !seconds.has(file))
if (!ok && failed > 0 && failed <= unsteadyTests && suspects.length <= unsteadyTests) {
  console.log(`Again, with nothing beside: ${suspects.join(' ')}`)
  const again = await run(suspects, 1)
  if (again.code === 0) {
    console.log(`${failed} of the tests above failed beside others and passed alone: a fault to mend in what they test`)
    console.log(`or in how, in ${suspects.join(' ')}`)
    passed += failed
    failed = 0
    ok = true
  }
}
rmSync(dirname(passedFiles), { recursive: true })
if (skipped > 0) console.log('Skipped tests name the peer they miss; tools/setup-peers installs all peers.')
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
const skipsFail = skipped > 0 && process.env['CI'] === 'true'
process.exitCode = ok && passed > 0 && !skipsFail ? 0 : 1
