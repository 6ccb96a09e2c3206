import { setMaxListeners } from 'node:events'
import { Scope } from '../async/index.ts'
import { reasonText, systemCode } from '../errno/index.ts'
import { loadLibc } from '../libc/index.ts'
import { namedItems } from '../log/index.ts'
import { ConfigError, Machine, type MachineConfig, type MachineSurroundings } from '../machine/index.ts'
import type { Ending } from '../runstate/index.ts'
import { leaveSocketFiles } from '../transport/index.ts'
import { CommandLineError } from './command-line-error.ts'
import { isDaemon, releaseTerminal, startDaemon } from './daemon.ts'
import { endProcessIn } from './end-process.ts'
import { logItems as knownItems, logItemsText, openLog } from './log-file.ts'
import type { ProcessWishes } from './option-table.ts'
import { complain, say, setMessageStyle, warn } from './outputs.ts'
import { type CommandLine, parseCommandLine } from './parse-command-line.ts'
import { writePidFile } from './pid-file.ts'
import { becomeUser, checkRoot, enterRoot } from './user.ts'

/** The signals that end the machine, with their numbers. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
const signalNames = Object.keys(signals) as (keyof typeof signals)[]

/**
 * How long a machine that is told to end, or its start, has for it, in milliseconds. It may wait for what never comes: a
 * device that a file is opened on, a server, a thread that does not listen. What has been written to images is saved then.
 */
const patience = 1700

/** Runs the machine that the options describe until it ends. @returns the exit status */
export async function runMachine(argv: readonly string[]): Promise<number> {
  try {
    const line = parseCommandLine(argv, complain)
    return (await answerHelp(line)) ?? (await run(line))
  } catch (error) {
    for (const text of complaintsOf(error)) complain(text)
    return 1
  }
}

/** What a user is told of a failure. @throws the error, if it is a bug: that shows as one */
function complaintsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.reports
  if (error instanceof AggregateError) return error.errors.flatMap(complaintsOf)
  // Errors of the parts have a kind; the system's come from where a part has nothing to add.
  if (error instanceof CommandLineError || (error instanceof Error && 'kind' in error)) return [error.message]
  if (systemCode(error) === undefined) throw error
  const { path } = error as NodeJS.ErrnoException
  return [path === undefined ? reasonText(error) : `${path}: ${reasonText(error)}`]
}

/** Prints what was asked for instead of a machine, if it was. @returns the exit status then */
async function answerHelp({ process: wishes, help }: CommandLine): Promise<number | undefined> {
  if (wishes.help !== undefined) {
    const { helpText, versionText } = await import('./help.ts')
    say(wishes.help === 'help' ? helpText() : versionText())
    return 0
  }
  if (help === undefined) return undefined
  say(help.text)
  return help.status
}

async function run(line: CommandLine): Promise<number> {
  setMessageStyle(line.process.messages, line.guestName)
  const config = line.config()
  const { daemonize, pidfile, logItems = [], logFile } = line.process
  const named = namedItems(logItems, knownItems)
  if ('stranger' in named) {
    const { stranger } = named
    if (stranger !== 'help' && stranger !== '?') complain(`-d ${logItems.join(',')}: there is no item '${stranger}'`)
    say(logItemsText())
    return 1
  }
  if (daemonize && !isDaemon) return startDaemon()
  await using scope = new Scope()
  // In the background nobody hears standard error.
  const { log, control, close } = openLog(isDaemon && logFile === undefined ? [] : named.items, logFile)
  scope.own(close)
  const pidFile = pidfile === undefined ? undefined : ownPidFile(pidfile, scope)
  if (line.processName !== undefined) process.title = line.processName
  if (line.process.noNewPrivileges) forbidNewPrivileges()
  const killed = (): void => {
    leaveSocketFiles()
    pidFile?.leave()
  }
  return statusOf(await runToEnd(config, { log, logControl: control, killed }, line.process))
}

/** Writes the process's number to a file, which goes with the scope or the process, unless it is to be left. */
function ownPidFile(path: string, scope: Scope): { leave(): void } {
  const remove = writePidFile(path)
  let isLeft = false
  const end = scope.own(() => {
    process.off('exit', end)
    if (!isLeft) remove()
  })
  process.once('exit', end) // if the process ends without closing the scope
  return {
    leave: () => {
      isLeft = true
    },
  }
}

const statusOf = ({ failed, status }: Ending): number => status ?? (failed === true ? 1 : 0)

/** `prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)` */
function forbidNewPrivileges(): void {
  const prctl = loadLibc()?.func(
    'int prctl(int option, unsigned long one, unsigned long two, unsigned long three, unsigned long four)',
  )
  if (prctl?.(38, 1, 0, 0, 0) !== 0) complain('warning: -sandbox elevateprivileges=deny has no effect on this system')
}

async function runToEnd(
  config: MachineConfig,
  own: Pick<MachineSurroundings, 'log' | 'logControl' | 'killed'>,
  { user, root }: Pick<ProcessWishes, 'user' | 'root'>,
): Promise<Ending> {
  const starting = new AbortController()
  setMaxListeners(0, starting.signal) // one for each device that waits for somebody
  let machine: Machine | undefined
  let callOff: (() => void) | undefined
  let status = 1
  const hurry = (): void => {
    callOff ??= endProcessIn(patience, () => status, { save: async () => (await machine?.saveImages()) ?? [] })
  }
  const end = (signal: keyof typeof signals): void => {
    complain(`terminating on signal ${signals[signal]}`)
    hurry()
    if (machine === undefined) starting.abort(new CommandLineError('the start was interrupted'))
    else void machine.close('host-signal')
  }
  for (const signal of signalNames) process.on(signal, end)
  // A machine without a monitor or a board that runs has nothing else that keeps the process: only a signal ends it.
  const alive = setInterval(() => undefined, 2 ** 31 - 1)
  try {
    machine = await Machine.start(config, { ...surroundings, ...own, signal: starting.signal })
    status = 0
    machine.runControl.signal.addEventListener('abort', hurry, { once: true })
    void machine.runControl.ending.then((ending) => {
      status = statusOf(ending)
    })
    if (root !== undefined) checkRoot(root)
    if (user !== undefined || root !== undefined) {
      // It reads files of its own until then, or has ended before.
      const { runControl, board } = machine
      await board.ready.catch((error: unknown) => {
        if (!runControl.signal.aborted) throw error
      })
      if (root !== undefined) enterRoot(root)
      if (user !== undefined) becomeUser(user)
    }
    if (isDaemon) releaseTerminal()
    return await machine.ended
  } finally {
    clearInterval(alive)
    callOff?.()
    // What is ending does not end otherwise for being told once more.
    for (const signal of signalNames) process.on(signal, ignore).off(signal, end)
  }
}

const ignore = (): void => undefined

const surroundings: MachineSurroundings = {
  // The block layer's warnings stand by themselves.
  warn: (text) => warn(`${text}\n`),
  complain,
  print: (text) => say(`${text}\n`),
  inform: (text) => say(`${text}\n`),
  waiting: (filename, origin) =>
    complain(`${origin === undefined ? '' : `${origin}: `}info: QEMU waiting for connection on: ${filename}`),
  redirected: (filename, label) => say(`char device redirected to ${filename.replace('pty:', '')} (label ${label})\n`),
}
