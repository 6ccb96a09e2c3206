import { ConfigError, Machine } from '../machine/index.ts'
import { CommandLineError } from './command-line-error.ts'
import { isDaemon, reportStarted, startDaemon } from './daemon.ts'
import { logItems, logItemsText, openLog } from './log-sink.ts'
import { type CommandLine, parseCommandLine } from './parse-command-line.ts'
import { writePidFile } from './pid-file.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** Says something on standard error, as QEMU does: after the program's name. */
function complain(text: string): void {
  process.stderr.write(`vmon: ${text}\n`)
}

/** Runs the machine that the options describe until it ends. @returns the exit status */
export async function runMachine(argv: readonly string[]): Promise<number> {
  try {
    const line = parseCommandLine(argv, complain)
    return (await answerHelp(line)) ?? (await run(line))
  } catch (error) {
    if (error instanceof ConfigError) for (const report of error.reports) complain(report)
    else if (error instanceof CommandLineError || isDomainError(error)) complain(error.message)
    else throw error
    return 1
  }
}

/** Errors of the parts have a kind; anything else is a bug, and shows as one. */
function isDomainError(error: unknown): error is Error {
  return error instanceof Error && 'kind' in error
}

async function answerHelp({ process: wishes, help }: CommandLine): Promise<number | undefined> {
  if (wishes.help !== undefined) {
    const { helpText, versionText } = await import('./help.ts')
    process.stdout.write(wishes.help === 'help' ? helpText() : versionText())
    return 0
  }
  if (help !== undefined) {
    process.stdout.write(help.text)
    return help.status
  }
  const unknown = wishes.logItems.filter((item) => logItems[item] === undefined)
  if (unknown.length === 0) return undefined
  process.stdout.write(logItemsText())
  return unknown.includes('help') || unknown.includes('?') ? 0 : 1
}

async function run(line: CommandLine): Promise<number> {
  const config = line.config()
  if (line.process.daemonize && !isDaemon()) return startDaemon()
  if (line.processName !== undefined) process.title = line.processName
  const removePidFile = line.process.pidfile === undefined ? undefined : writePidFile(line.process.pidfile)
  const { log, close } = openLog(line.process.logItems, line.process.logFile)
  const starting = new AbortController()
  let machine: Machine | undefined
  const end = (signal: (typeof signals)[number]): void => {
    complain(`terminating on signal ${signalNumbers[signal]}`)
    if (machine === undefined) starting.abort(new CommandLineError('the start was interrupted'))
    else void machine.close('host-signal')
  }
  for (const signal of signals) process.on(signal, end)
  // A machine without a monitor or a board that runs has nothing else that keeps the process: only a signal ends it.
  const alive = setInterval(() => {}, 2 ** 31 - 1)
  try {
    machine = await Machine.start(config, {
      log,
      warn: complain,
      waiting: (filename, origin) =>
        complain(`${origin === undefined ? '' : `${origin}: `}info: QEMU waiting for connection on: ${filename}`),
      redirected: (filename, label) =>
        process.stdout.write(`char device redirected to ${filename.replace('pty:', '')} (label ${label})\n`),
      signal: starting.signal,
    })
    if (isDaemon()) reportStarted()
    await machine.ended
    return 0
  } finally {
    clearInterval(alive)
    for (const signal of signals) process.off(signal, end)
    close()
    removePidFile?.()
  }
}
