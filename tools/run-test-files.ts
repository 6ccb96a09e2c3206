/**
 * Runs test files, so many side by side, in the order that is given: `node --test` would sort them, and the longest would
 * come last, alone. What the runner reports goes to standard output.
 *
 *     node dist/tools/run-test-files.js CONCURRENCY MINUTES FILE...
 */
import { resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const [concurrency, minutes, ...files] = process.argv.slice(2)

const events = run({
  files: files.map((file) => resolve(file)),
  concurrency: Number(concurrency),
  timeout: Number(minutes) * 60_000,
})
events.on('test:fail', () => {
  process.exitCode = 1
})
events.compose(new spec()).pipe(process.stdout)
