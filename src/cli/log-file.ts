import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { reasonText } from '../errno/index.ts'
import { createLogger, type Fields, type LogControl, type Logger } from '../log/index.ts'
import { CommandLineError } from './command-line-error.ts'
import { warn } from './outputs.ts'

const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants

/** What -d takes. */
export const logItems: Readonly<Record<string, string>> = {
  firmware: "which firmware is used, and what SeaBIOS's log says",
  machine: 'what happens to the machine against expectation',
  net: 'what the policies of user networks say of connections, and who wakes the guest',
  qmp: 'QMP clients that are disconnected, and commands that fail unexpectedly',
  spice: 'why SPICE clients are gone',
  vnc: 'why viewers of the screen are gone',
  web: 'what goes wrong with the console page',
  'trace:qmp': 'every byte of QMP, both ways',
}

/** What `-d help` prints. */
export function logItemsText(): string {
  const lines = Object.entries(logItems).map(([name, help]) => `${name.padEnd(16)}${help}\n`)
  return `Log items (comma separated):\n${lines.join('')}`
}

/** Where the log goes, until it is closed. */
export interface Log {
  readonly log: Logger
  readonly control: LogControl
  close(): void
}

/**
 * A logger for these items, on standard error or in a file, in whose name `%d` is the number of the process.
 *
 * A log that cannot be written any more (the disk is full) ends; the machine goes on.
 *
 * @throws {CommandLineError} in QEMU's words, if the file cannot be opened
 */
export function openLog(items: readonly string[], template: string | undefined): Log {
  let target: number | 'stderr' | 'nowhere' = template === undefined ? 'stderr' : openLogFile(template)
  const close = (): void => {
    if (typeof target === 'number') closeSync(target)
    target = 'nowhere'
  }
  const log = createLogger(items, (...entry) => {
    if (target === 'stderr') warn(line(...entry))
    if (typeof target !== 'number') return
    try {
      writeSync(target, line(...entry))
    } catch (error) {
      // The reader of a pipe is slow: it misses a line.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') close()
    }
  })
  const control: LogControl = {
    items: logItems,
    select: (chosen) => log.select(chosen),
    redirect(file) {
      try {
        const next = openLogFile(file)
        close()
        target = next
        return undefined
      } catch (error) {
        if (error instanceof CommandLineError) return error.message
        throw error
      }
    },
  }
  return { log, control, close }
}

function openLogFile(template: string): number {
  const [, more] = template.split('%', 2)
  if (more !== undefined && !/^[^%]*%d[^%]*$/.test(template)) {
    throw new CommandLineError(`Bad logfile template: ${template}`)
  }
  const path = template.replace('%d', String(process.pid))
  try {
    // A pipe that nobody reads would wait.
    return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK)
  } catch (error) {
    throw new CommandLineError(`Error opening logfile ${path}: ${reasonText(error)}`)
  }
}

function line(item: string, message: string, fields: Fields | undefined): string {
  const shown = Object.entries(fields ?? {}).map(([name, value]) => ` ${name}=${show(value)}`)
  return `${item}: ${message}${shown.join('')}\n`
}

function show(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
