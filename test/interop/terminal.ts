import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { missingFile } from '../oracle/peers.ts'

/** Debian's Python has the packages that Debian installs; another one in PATH has not. */
const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('../../../test/interop/terminal.py', import.meta.url))

/** Why a test on a terminal must be skipped; false if it can run. */
export const withoutTerminal: string | false = missingFile(
  '/usr/lib/python3/dist-packages/pexpect/__init__.py',
  'python3-pexpect',
)

/** What is waited for (a regular expression of Python's), and the keys that are typed then. */
export type Step = readonly [pattern: string, keys: string]

export interface Shown {
  /** Everything that the program has sent to its terminal, a character for each byte. */
  readonly shown: string
  readonly status: number | null
  readonly signal: number | null
}

/** Plays a program on a terminal of 80 columns and 24 rows until it ends. */
export async function playOnTerminal(argv: readonly string[], cwd: string, steps: readonly Step[]): Promise<Shown> {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(JSON.stringify({ argv, cwd, steps }))
  const [answer, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (answer === '') throw new Error(`the terminal has failed: ${complaint}`)
  return JSON.parse(answer) as Shown
}
