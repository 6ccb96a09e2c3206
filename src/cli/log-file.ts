import { closeSync, openSync, writeSync } from 'node:fs'
import { reasonText } from '../errno/index.ts'
import { createLogger, type Fields, type Logger } from '../log/index.ts'
import { CommandLineError } from './command-line-error.ts'

/** What -d takes. */
export const logItems: Readonly<Record<string, string>> = {
  firmware: "which firmware is used, and what SeaBIOS's log says",
  machine: 'what happens to the machine against expectation',
  qmp: 'QMP clients that are disconnected, and commands that fail unexpectedly',
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
  if (template === undefined) {
    return { log: createLogger(items, (...entry) => process.stderr.write(line(...entry))), close: () => undefined }
  }
  let fd: number | undefined = openLogFile(template)
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  const log = createLogger(items, (...entry) => {
    try {
      if (fd !== undefined) writeSync(fd, line(...entry))
    } catch {
      close()
    }
  })
  return { log, close }
}

function openLogFile(template: string): number {
  const [, more] = template.split('%', 2)
  if (more !== undefined && !/^[^%]*%d[^%]*$/.test(template)) {
    throw new CommandLineError(`Bad logfile template: ${template}`)
  }
  const path = template.replace('%d', String(process.pid))
  try {
    return openSync(path, 'w')
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
