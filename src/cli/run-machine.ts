import { Scope } from '../async/index.ts'
import type { Logger } from '../log/index.ts'
import { ConfigError, Machine, type MachineConfig, type MachineSurroundings } from '../machine/index.ts'
import type { Ending } from '../runstate/index.ts'
import { CommandLineError } from './command-line-error.ts'
import { isDaemon, releaseTerminal, startDaemon } from './daemon.ts'
import { logItems as knownItems, logItemsText, openLog } from './log-file.ts'
import { type CommandLine, parseCommandLine } from './parse-command-line.ts'
import { writePidFile } from './pid-file.ts'

/** The signals that end the machine, with their numbers. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
const signalNames = Object.keys(signals) as (keyof typeof signals)[]

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

/** Prints what was asked for instead of a machine, if it was. @returns the exit status then */
async function answerHelp({ process: wishes, help }: CommandLine): Promise<number | undefined> {
  if (wishes.help !== undefined) {
    const { helpText, versionText } = await import('./help.ts')
    process.stdout.write(wishes.help === 'help' ? helpText() : versionText())
    return 0
  }
  if (help === undefined) return undefined
  process.stdout.write(help.text)
  return help.status
}

async function run(line: CommandLine): Promise<number> {
  const config = line.config()
  const { daemonize, pidfile, logItems = [], logFile } = line.process
  const stranger = logItems.find((item) => !Object.hasOwn(knownItems, item))
  if (stranger !== undefined) {
    if (stranger !== 'help' && stranger !== '?') complain(`-d ${logItems.join(',')}: there is no item '${stranger}'`)
    process.stdout.write(logItemsText())
    return 1
  }
  if (daemonize && !isDaemon) return startDaemon()
  await using scope = new Scope()
  // In the background nobody hears standard error.
  const { log, close } = openLog(isDaemon && logFile === undefined ? [] : logItems, logFile)
  scope.own(close)
  if (pidfile !== undefined) {
    const remove = scope.own(writePidFile(pidfile))
    process.once('exit', remove) // if a bug ends the process
    scope.own(() => process.off('exit', remove))
  }
  if (line.processName !== undefined) process.title = line.processName
  const { failed } = await runToEnd(config, log)
  return failed === true ? 1 : 0
}

async function runToEnd(config: MachineConfig, log: Logger): Promise<Ending> {
  const starting = new AbortController()
  let machine: Machine | undefined
  const end = (signal: keyof typeof signals): void => {
    complain(`terminating on signal ${signals[signal]}`)
    if (machine === undefined) starting.abort(new CommandLineError('the start was interrupted'))
    else void machine.close('host-signal')
  }
  for (const signal of signalNames) process.on(signal, end)
  // A machine without a monitor or a board that runs has nothing else that keeps the process: only a signal ends it.
  const alive = setInterval(() => undefined, 2 ** 31 - 1)
  try {
    machine = await Machine.start(config, { ...surroundings, log, signal: starting.signal })
    if (isDaemon) releaseTerminal()
    return await machine.ended
  } finally {
    clearInterval(alive)
    for (const signal of signalNames) process.off(signal, end)
  }
}

const surroundings: MachineSurroundings = {
  // The block layer's warnings stand by themselves.
  warn: (text) => process.stderr.write(`${text}\n`),
  waiting: (filename, origin) =>
    complain(`${origin === undefined ? '' : `${origin}: `}info: QEMU waiting for connection on: ${filename}`),
  redirected: (filename, label) =>
    process.stdout.write(`char device redirected to ${filename.replace('pty:', '')} (label ${label})\n`),
}
