import { BlockError } from '../../block/index.ts'
import { ConfigError, StorageDaemon, startupError, storageOptions } from '../../machine/index.ts'
import { Arguments } from '../arguments.ts'
import { CommandLineError } from '../command-line-error.ts'
import { isDaemon, releaseTerminal, startDaemon } from '../daemon.ts'
import { endProcessIn } from '../end-process.ts'
import { say, warn } from '../outputs.ts'
import { writePidFile } from '../pid-file.ts'
import { HelpWanted, UsageError } from '../program-error.ts'

const known = `V:version T:trace= daemonize pidfile= ${Object.keys(storageOptions)
  .map((name) => `${name}=`)
  .join(' ')}`

/** How long it has to end when it is told to, before images get what they must have and nothing else is waited for: in milliseconds. */
const patience = 1700

/**
 * Runs `vmon storage`, which is `qemu-storage-daemon` over our block layer: images, jobs and exports without a machine.
 *
 * @returns the exit status
 */
export async function runStorage(argv: readonly string[]): Promise<number> {
  try {
    const args = new Arguments(argv, known, 'storage')
    if (args.has('V')) {
      say((await import('../img/help.ts')).versionText())
      return 0
    }
    return args.has('daemonize') && !isDaemon ? await startDaemon() : await serve(args)
  } catch (error) {
    if (error instanceof HelpWanted) {
      say((await import('./help.ts')).storageHelp)
      return 0
    }
    for (const text of complaintsOf(error)) complain(text)
    return 1
  }
}

async function serve(args: Arguments): Promise<number> {
  await using daemon = new StorageDaemon({
    warn: (text) => warn(`${text}\n`),
    print: (text) => say(`${text}\n`),
  })
  const [operand] = args.operands
  if (operand !== undefined) throw new CommandLineError(`${operand}: Unexpected argument`)
  let started = false
  let callOff: (() => void) | undefined
  const giveTime = (): void => {
    callOff ??= endProcessIn(patience, () => (started ? 0 : 1), { save: () => daemon.saveImages() })
  }
  const end = (): void => {
    daemon.end()
    giveTime()
  }
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, end)
  // Without a monitor or an export nothing else keeps the process.
  let removePidFile: () => void = () => undefined
  const alive = setInterval(() => undefined, 2 ** 31 - 1)
  try {
    for (const [name, text] of args.options) {
      // What an option waits for may never come.
      const help = await Promise.race([apply(daemon, name, text), daemon.ending.then(refuseStart)])
      if (help === undefined) continue
      say(help)
      return 0
    }
    const pidFile = args.value('pidfile')
    if (pidFile !== undefined) removePidFile = writePidFile(pidFile)
    daemon.start()
    started = true
    if (isDaemon) releaseTerminal()
    await daemon.ending
    giveTime()
    await daemon.close()
    callOff?.()
    return 0
  } finally {
    removePidFile()
    clearInterval(alive)
    for (const signal of signals) process.off(signal, end)
  }
}

function refuseStart(): never {
  throw new CommandLineError('the start was interrupted')
}

/** @returns the help that was asked for instead @throws {ConfigError} which names the option */
async function apply(daemon: StorageDaemon, name: string, text: string): Promise<string | undefined> {
  try {
    return await storageOptions[name]?.(daemon, text)
  } catch (error) {
    throw startupError({ origin: `--${name} ${text}` }, error)
  }
}

/** @throws the error, if it is a bug */
function complaintsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.reports
  if (error instanceof AggregateError) return error.errors.flatMap(complaintsOf)
  // The daemon is closed once more after it could not be: the first error says why.
  if (error instanceof Error && 'suppressed' in error) return complaintsOf(error.suppressed)
  if (error instanceof BlockError) return [error.message]
  if (error instanceof UsageError || error instanceof CommandLineError) return [error.message]
  throw error
}

function complain(text: string): void {
  warn(`vmon storage: ${text}\n`)
}
