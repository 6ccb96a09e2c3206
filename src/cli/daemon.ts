import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

/** Set in the process that goes on in the background; it tells its parent when the machine has started. */
const marker = 'VMON_DAEMON'

export function isDaemon(): boolean {
  return process.env[marker] === '1'
}

/**
 * Starts this program again in the background, and waits until its machine has started or failed.
 *
 * @returns the exit status of the process that was asked to daemonize
 */
export function startDaemon(): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    env: { ...process.env, [marker]: '1' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return new Promise((resolve) => {
    child.once('message', () => {
      child.disconnect()
      child.unref()
      resolve(0)
    })
    child.once('exit', (status) => resolve(status ?? 1))
    child.once('error', () => resolve(1))
  })
}

/**
 * Tells the parent that the machine has started; it ends then, and so does the bond. From here on nobody listens to
 * standard error, and who reads it from a pipe must see its end: its descriptor, the lowest that is free, goes to
 * /dev/null.
 */
export function reportStarted(): void {
  closeSync(2)
  openSync('/dev/null', 'w')
  process.send?.('started')
}
