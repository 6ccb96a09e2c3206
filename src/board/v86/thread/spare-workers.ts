import { Worker } from 'node:worker_threads'
import { clearTimeout, setTimeout } from '../../../timers/index.ts'

/** So long spare threads wait for a machine, in milliseconds. */
const patience = 60_000

interface Spares {
  readonly waiting: Worker[]
  timer: NodeJS.Timeout | undefined
}

const all = new Map<string, Spares>()

/**
 * Starts a thread that waits for its configuration. What it prints goes nowhere. Options that the process was started with
 * are for its own program: a thread of a file does not start with `--input-type`.
 */
function startWorker(program: URL): Worker {
  return new Worker(program, { stdout: true, stderr: true, execArgv: [] })
}

/** A thread for a board: one that has loaded its program already, if there is one. */
export function takeWorker(program: URL): Worker {
  const spare = all.get(program.href)?.waiting.shift()
  spare?.removeAllListeners()
  spare?.ref()
  const worker = spare ?? startWorker(program)
  worker.stdout.resume() // v86 prints of its own accord; who reads a thread's output waits for its end, in spite of unref()
  worker.stderr.resume()
  return worker
}

/**
 * Lets so many threads load their program and wait for boards: a minute, if none comes. They keep no process from its end.
 */
export function keepSpareWorkers(program: URL, count: number): void {
  const spares = all.get(program.href) ?? { waiting: [], timer: undefined }
  all.set(program.href, spares)
  const { waiting } = spares
  while (waiting.length < count) {
    const worker = startWorker(program)
    const gone = (): void => {
      const at = waiting.indexOf(worker)
      if (at >= 0) waiting.splice(at, 1)
    }
    worker.on('error', gone).on('exit', gone).unref()
    waiting.push(worker)
  }
  clearTimeout(spares.timer)
  spares.timer = setTimeout(() => {
    for (const worker of waiting.splice(0)) void worker.terminate()
  }, patience).unref()
}
