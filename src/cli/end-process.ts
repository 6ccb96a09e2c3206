import { loadLibc } from '../libc/index.ts'

/**
 * Ends this process at once: what it leaves behind (sockets, the pid file) is removed, but nothing is waited for.
 *
 * `process.exit` waits for the threads of the thread pool, and one of them may be inside a system call that never comes
 * back: opening a named pipe, reading from a server that is gone. Where the C library cannot be called, the process
 * dies of a signal.
 */
export function endProcess(status: number): never {
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

/** Milliseconds of one step on the way to the end. */
const step = 100

/**
 * Ends this process in so many milliseconds, if it has not ended by then. It keeps nothing alive, and a process that
 * gets no processor has longer: the time is measured in steps, each of which must have been noticed.
 *
 * @returns calls it off
 */
export function endProcessIn(milliseconds: number, status: () => number): () => void {
  let left = Math.ceil(milliseconds / step)
  const timer = setInterval(() => {
    left--
    if (left <= 0) endProcess(status())
  }, step).unref()
  return () => clearInterval(timer)
}
