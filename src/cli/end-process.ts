import { loadLibc } from '../libc/index.ts'
import { complain } from './outputs.ts'

/** Whether the process ends without waiting for anything. */
let ending = false

/**
 * Ends this process at once: what it leaves behind (sockets, the pid file) is removed, but nothing is waited for.
 *
 * `process.exit` waits for the threads of the thread pool, and one of them may be inside a system call that never comes
 * back: opening a named pipe, reading from a server that is gone. Where the C library cannot be called, the process
 * dies of a signal.
 */
export function endProcess(status: number): never {
  ending = true
  try {
    process.emit('exit', status)
  } finally {
    try {
      loadLibc()?.func('int _exit(int status)')(status)
    } finally {
      process.kill(process.pid, 'SIGKILL')
    }
  }
  return process.exit(status)
}

/** Lets no signal kill what has ended in peace, while Node takes itself apart. */
export function leaveInPeace(): void {
  process.once('exit', (code) => {
    if (!ending) (process as unknown as { reallyExit(code: number): never }).reallyExit(code)
  })
}

/** Milliseconds of one step on the way to the end. */
const step = 100
/** How long images have to get what has been written to them, in milliseconds. */
const savingTime = 60_000

export interface LastWork {
  /** Brings to storage what would be lost otherwise. @returns what has failed */
  readonly save?: () => Promise<readonly Error[]>
  /** How long that may take, in milliseconds. Default: a minute. */
  readonly limit?: number
}

/**
 * Ends this process in so many milliseconds, if it has not ended by then; what must not be lost is saved before, and if that
 * fails, or takes too long, the status is 1. It keeps nothing alive, and a process that gets no processor has longer: the
 * time is measured in steps, each of which must have been noticed.
 *
 * @returns calls it off
 */
export function endProcessIn(
  milliseconds: number,
  status: () => number,
  { save = async () => [], limit = savingTime }: LastWork = {},
): () => void {
  const off = new AbortController()
  const giveUp = (texts: readonly string[]): void => {
    for (const text of texts) complain(text)
    endProcess(texts.length > 0 ? 1 : status())
  }
  const saveAndEnd = async (): Promise<void> => {
    afterSteps(limit, off.signal, () => giveUp(['Images did not get in time what was written to them']))
    const failed = await save()
    if (!off.signal.aborted) giveUp(failed.map(({ message }) => message))
  }
  afterSteps(milliseconds, off.signal, () => void saveAndEnd())
  return () => off.abort()
}

function afterSteps(milliseconds: number, signal: AbortSignal, act: () => void): void {
  let left = Math.ceil(milliseconds / step)
  const timer = setInterval(() => {
    left--
    if (left > 0) return
    clearInterval(timer)
    act()
  }, step).unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
