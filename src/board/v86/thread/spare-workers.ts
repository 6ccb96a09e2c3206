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

/** What a thread is to make ready for a board. */
interface Preparation {
  /** Boards with the same key can have it. */
  readonly key: string
  /** What the thread is told. */
  readonly message: unknown
}

/** A thread for a board: one that has made itself ready for such a one already, if there is one. @param key - see `Preparation` */
export function takeWorker(program: URL, key = ''): Worker {
  const spare = all.get(nameOf(program, key))?.waiting.shift()
  spare?.removeAllListeners()
  spare?.ref()
  const worker = spare ?? startWorker(program)
  worker.stdout.resume() // v86 prints of its own accord; who reads a thread's output waits for its end, in spite of unref()
  worker.stderr.resume()
  return worker
}

/**
 * Lets so many threads load their program, make themselves ready and wait for boards: a minute, if none comes. They keep
 * no process from its end.
 */
export function keepSpareWorkers(program: URL, count: number, preparation?: Preparation): void {
  const name = nameOf(program, preparation?.key)
  const spares = all.get(name) ?? { waiting: [], timer: undefined }
  all.set(name, spares)
  const { waiting } = spares
  while (waiting.length < count) {
    const worker = startWorker(program)
    if (preparation !== undefined) worker.postMessage(preparation.message)
    const gone = (): void => {
      const at = waiting.indexOf(worker)
      if (at >= 0) waiting.splice(at, 1)
    }
    worker.on('error', gone).on('exit', gone).unref()
    waiting.push(worker)
  }
  clearTimeout(spares.timer)
  spares.timer = setTimeout(() => {
    all.delete(name)
    for (const worker of waiting.splice(0)) void worker.terminate()
  }, patience).unref()
}

function nameOf(program: URL, key = ''): string {
  return `${key} ${program.href}`
}
