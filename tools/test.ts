/**
 * Runs the test suite: every compiled `*.test.js`, or those whose path contains one of the words given.
 *
 *     node dist/tools/test.js [WORD ...]
 *
 * Generated cases are the same in each run; VMON_SEED=random draws others (test/drawn-cases.ts).
 * With CI=true a skipped test fails the run: there, every peer has been installed (tools/setup-peers).
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** A file that takes longer hangs: the longest, a guest's test of its memory, takes three minutes of a core of its own. */
const fileMinutes = 20

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
files.sort()
if (files.length === 0) {
  console.error(`no test's path contains any of: ${words.join(' ')}`)
  process.exit(1)
}

const child = spawn(
  process.execPath,
  [
    '--import',
    './dist/test/drawn-cases.js',
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${fileMinutes * 60_000}`,
    '--test-reporter=spec',
    ...files,
  ],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
/** The runner's own totals, e.g. `ℹ pass 12`; the last of each name counts. */
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
child.on('close', (code) => {
  const total = (name: string): number => totals.get(name) ?? 0
  const failed = total('fail') + total('cancelled')
  const skipped = total('skipped') + total('todo')
  if (skipped > 0) console.log('Skipped tests name the peer they miss; tools/setup-peers installs all peers.')
  console.log(`${total('pass')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  const skipsFail = skipped > 0 && process.env['CI'] === 'true'
  process.exitCode = code !== 0 || failed > 0 || total('pass') === 0 || skipsFail ? 1 : 0
})
