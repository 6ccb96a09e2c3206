import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { vmon } from '../oracle/programs.ts'

/** A folder that goes with the test. */
export async function scratch(): Promise<AsyncDisposable & { path(name: string): string; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-nbd-'))
  return {
    folder,
    path: (name) => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

export interface Run {
  readonly status: number
  readonly out: string
  readonly errors: string
}

/** Runs a program to its end. */
export async function run(
  command: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Run> {
  const [program, ...rest] = command
  try {
    const { stdout, stderr } = await promisify(execFile)(program!, rest, { ...options, maxBuffer: 2 ** 26 })
    return { status: 0, out: stdout, errors: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number | string; stdout: string; stderr: string }
    if (typeof code !== 'number') throw error
    return { status: code, out: stdout, errors: stderr }
  }
}

/** Runs vmon's own program to its end. */
export function runVmon(words: readonly string[], options?: { cwd?: string }): Promise<Run> {
  return run([...vmon.command, ...words], options)
}

export interface RunningServer extends AsyncDisposable {
  readonly process: ChildProcess
  /** What it has said on standard error. */
  readonly errors: () => string
  /** Settles with its exit status. */
  readonly exited: Promise<number | null>
}

/** Starts a server, and waits until it listens at its unix socket. */
export async function startServer(command: readonly string[], socket: string): Promise<RunningServer> {
  const [program, ...rest] = command
  const process = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  process.stdout!.resume()
  process.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const exited = once(process, 'exit').then(([status]) => status as number | null)
  const server = {
    process,
    errors: () => errors,
    exited,
    [Symbol.asyncDispose]: async () => {
      if (process.exitCode === null && process.signalCode === null) process.kill()
      await exited
    },
  }
  while (!(await listens(socket))) {
    if (process.exitCode !== null) throw new Error(`${program} has ended: ${errors}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return server
}

/** Whether somebody listens: asked of the system, as to connect would make a client of us, perhaps the only one that may come. */
async function listens(path: string): Promise<boolean> {
  const accepting = '00010000'
  const sockets = (await readFile('/proc/net/unix', 'utf8')).split('\n')
  return sockets.some((line) => line.endsWith(` ${path}`) && line.split(/ +/)[3] === accepting)
}
