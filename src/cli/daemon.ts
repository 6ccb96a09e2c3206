import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { reasonText } from '../errno/index.ts'
import { CommandLineError } from './command-line-error.ts'
import { output } from './outputs.ts'

/** Set for the process that goes on in the background. */
const marker = 'VMON_DAEMON'

/** What files are created with in the background, as with QEMU: nothing for others. */
const daemonUmask = 0o027

/** Whether this process is the one in the background. */
export const isDaemon = process.env[marker] !== undefined
delete process.env[marker]

/**
 * Starts this program again in the background, and passes on what it says until its machine has started or failed.
 *
 * @returns the exit status of the process that was asked to daemonize
 * @throws {CommandLineError} if the system makes no process
 */
export async function startDaemon(): Promise<number> {
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    env: { ...process.env, [marker]: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  // Where the process could not be made there are none.
  const outputs: readonly (Readable | null | undefined)[] = [child.stdout, child.stderr]
  child.stdout?.pipe(output('stdout'), { end: false })
  child.stderr?.pipe(output('stderr'), { end: false })
  const silent = Promise.all(outputs.flatMap((each) => (each ? [once(each, 'close')] : [])))
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(new CommandLineError(`cannot daemonize: ${reasonText(error)}`)))
    child.once('message', () => resolve(0))
    child.once('exit', (code) => resolve(code ?? 1))
  })
  await silent
  if (child.connected) child.disconnect()
  child.unref()
  return status
}

/**
 * Tells the parent that the machine has started, and lets go of the terminal: what is said from now on is not heard.
 */
export function releaseTerminal(): void {
  process.umask(daemonUmask)
  // The lowest free descriptor is the one just closed.
  for (const fd of [1, 2]) {
    closeSync(fd)
    openSync('/dev/null', 'w')
  }
  process.send?.('started')
}
