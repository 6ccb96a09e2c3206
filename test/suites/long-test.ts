import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Suite, SuiteRun, Tally } from './suite.ts'

/**
 * A test of `npm test` that is let run for longer than there, by its own variables of the environment.
 *
 * @param file - from the root, without `.test.ts`
 */
export function longTest(
  name: string,
  summary: string,
  { file, environment }: { readonly file: string; readonly environment: Readonly<Record<string, string>> },
): Suite {
  const path = fileURLToPath(new URL(`../../${file}.test.js`, import.meta.url))
  return { name, summary, usage: '', run: (run) => runTests(path, environment, run) }
}

/** Runs the tests of a file, and passes on what they print. */
async function runTests(
  path: string,
  environment: Readonly<Record<string, string>>,
  { signal, print }: SuiteRun,
): Promise<Tally> {
  const child = spawn(process.execPath, ['--test', '--test-reporter=spec', path], {
    env: { ...environment, ...process.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', end)
  const totals = new Map<string, number>()
  try {
    const over = once(child, 'close')
    for await (const line of createInterface(child.stdout)) {
      const [, kind, count] = /^. (pass|fail|cancelled) (\d+)$/.exec(line) ?? []
      if (kind === undefined) print(line)
      else totals.set(kind, Number(count))
    }
    await over
  } finally {
    signal.removeEventListener('abort', end)
  }
  return { passed: totals.get('pass') ?? 0, failed: (totals.get('fail') ?? 0) + (totals.get('cancelled') ?? 0) }
}
