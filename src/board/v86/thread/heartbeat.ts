import { readFileSync } from 'node:fs'
import { clearInterval, setInterval } from '../../../timers/index.ts'

/** How often it is looked, in milliseconds. */
const interval = 1000
/** A worker that has used so many seconds of a processor without a sign of life is stuck: calls take far less. */
const stuckAfter = 3
/** Where the system does not tell what a thread has used: so many looks. A worker may wait for a processor. */
const stuckAfterLooks = 30
/** Of Linux, in which it tells what threads have used. */
const ticksPerSecond = 100

interface Watched {
  /** The system's number of the worker's thread. */
  readonly threadId: number
  /** Counts the pings that the worker has seen: memory that both share. */
  readonly heartbeats: Int32Array
  ping(): void
  /** Whether the worker has anything to do; if not, it is left alone. */
  busy(): boolean
  /** Is told once. */
  stuck(error: Error): void
}

/**
 * Notices a worker that is stuck: v86 in a loop of its own, say, which no message reaches. It is pinged and has to count.
 * A machine that has little time for us makes no worker stuck: what counts is the time that its thread has used.
 *
 * @returns ends that
 */
export function watchHeartbeat({ threadId, heartbeats, ping, busy, stuck }: Watched): () => void {
  let counted = -1
  let looks = 0
  let used: number | undefined
  let asked = false
  const timer = setInterval(() => {
    const now = Atomics.load(heartbeats, 0)
    if (now !== counted || !asked) {
      asked = busy()
      if (asked) ping()
      ;[counted, looks, used] = [now, 0, secondsUsed(threadId)]
      return
    }
    looks++
    const since = used === undefined ? undefined : (secondsUsed(threadId) ?? used) - used
    if (looks < stuckAfterLooks && (since === undefined || since < stuckAfter)) return
    clearInterval(timer)
    stuck(new Error(`the board's thread has not answered for ${looks} seconds`))
  }, interval).unref()
  return () => clearInterval(timer)
}

/** Processor time that a thread of this process has used, in seconds; undefined where the system does not tell. */
function secondsUsed(threadId: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/self/task/${threadId}/stat`, 'latin1').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  } catch {
    return undefined
  }
}
