import { closeSync, openSync, writeSync } from 'node:fs'
import { reasonText } from '../errno/index.ts'
import { createLogger, type Logger } from '../log/index.ts'
import { CommandLineError } from './command-line-error.ts'

/** What -d takes. */
export const logItems: Readonly<Record<string, string>> = {
  firmware: "which firmware is used, and what SeaBIOS's log says",
  machine: 'what happens to the machine against expectation',
  qmp: 'QMP clients that are disconnected, and commands that fail unexpectedly',
  'trace:qmp': 'every byte of QMP, both ways',
}

export function logItemsText(): string {
  const lines = Object.entries(logItems).map(([name, help]) => `${name.padEnd(16)}${help}\n`)
  return `Log items (comma separated):\n${lines.join('')}`
}

/** A logger for these items, on standard error or in a file. @throws {CommandLineError} if the file cannot be opened */
export function openLog(items: readonly string[], file: string | undefined): { log: Logger; close(): void } {
  let fd = 2
  if (file !== undefined) {
    try {
      fd = openSync(file, 'w')
    } catch (error) {
      throw new CommandLineError(`-D ${file}: ${reasonText(error)}`)
    }
  }
  const log = createLogger(items, (item, message, fields) => {
    const rest =
      fields === undefined
        ? ''
        : ` ${Object.entries(fields)
            .map(([name, value]) => `${name}=${show(value)}`)
            .join(' ')}`
    writeSync(fd, `${item}: ${message}${rest}\n`)
  })
  return { log, close: () => fd !== 2 && closeSync(fd) }
}

function show(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
