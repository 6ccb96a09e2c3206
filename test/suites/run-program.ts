import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** How a program ended: by itself, because it took too long, or because the run was interrupted. */
export type ProgramEnd =
  | { readonly kind: 'ended'; readonly status: number | string }
  | { readonly kind: 'late' }
  | { readonly kind: 'interrupted' }

export interface ProgramRun {
  readonly program: string
  readonly arguments: readonly string[]
  readonly folder: string
  /** Beside this process's own. */
  readonly environment: Readonly<Record<string, string>>
  /** An open file for what it prints. */
  readonly output: number
  /** In milliseconds. */
  readonly patience: number
  readonly signal: AbortSignal
}

/** Runs a program in a process group of its own: what it has left running ends with it, whatever became of it. */
export async function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  const child = spawn(run.program, run.arguments, {
    cwd: run.folder,
    env: { ...process.env, ...run.environment },
    detached: true,
    stdio: ['ignore', run.output, run.output],
  })
  const over = new AbortController()
  const late = setTimeout(() => over.abort('late'), run.patience)
  const interrupt = (): void => over.abort('interrupted')
  run.signal.addEventListener('abort', interrupt)
  if (run.signal.aborted) interrupt()
  try {
    const [status, killed] = (await once(child, 'exit', { signal: over.signal })) as [number | null, string | null]
    return { kind: 'ended', status: status ?? killed! }
  } catch (error) {
    if (!over.signal.aborted) throw error
    return { kind: over.signal.reason as 'late' | 'interrupted' }
  } finally {
    clearTimeout(late)
    run.signal.removeEventListener('abort', interrupt)
    if (child.pid !== undefined) killGroup(child.pid)
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // Nothing of the group is left.
  }
}
