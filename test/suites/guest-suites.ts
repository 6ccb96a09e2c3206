import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Suite, SuiteRun, Tally } from './suite.ts'

/** A test of `npm test` that is let run for longer than there, by its own variables of the environment. */
function longTest(
  name: string,
  summary: string,
  { file, environment }: { readonly file: string; readonly environment: Readonly<Record<string, string>> },
): Suite {
  const path = fileURLToPath(new URL(`../guests/${file}.test.js`, import.meta.url))
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

/** Guests that take minutes; a variable that is set already wins. */
export const guestSuites: readonly Suite[] = [
  longTest(
    'hostile',
    'programs that give nonsense to all hardware, ten minutes (VMON_HOSTILE seconds, from VMON_SEED on)',
    {
      file: 'hostile-boot',
      environment: { VMON_HOSTILE: '600' },
    },
  ),
  longTest('memtest', 'memtest86+ passes once over 64 MiB (VMON_MEMTEST)', {
    file: 'memtest',
    environment: { VMON_MEMTEST: '64' },
  }),
  longTest('plugging', 'a disk comes and goes a hundred times under Linux (VMON_PLUGGING)', {
    file: 'debian-plugging',
    environment: { VMON_PLUGGING: '100' },
  }),
  longTest(
    'stress',
    'stress-ng in Linux: every method of --cpu and the others, ten minutes (VMON_STRESS seconds each)',
    {
      file: 'debian-stress',
      environment: { VMON_STRESS: '7' },
    },
  ),
  longTest('journeys', 'a Linux that works is migrated by every way in turn (VMON_JOURNEYS times: a hundred)', {
    file: 'debian-migration',
    environment: { VMON_JOURNEYS: '100' },
  }),
]
