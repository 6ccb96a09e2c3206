import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { reasonText } from '../errno/index.ts'
import { CommandLineError } from './command-line-error.ts'

/** Writes this process's number to a file. @returns what removes it @throws {CommandLineError} in QEMU's words */
export function writePidFile(path: string): () => void {
  let fd: number
  try {
    fd = openSync(path, 'w', 0o600)
  } catch (error) {
    throw new CommandLineError(`cannot create PID file: Could not create '${path}': ${reasonText(error)}`)
  }
  writeSync(fd, `${process.pid}\n`)
  closeSync(fd)
  return () => {
    try {
      unlinkSync(path)
    } catch {
      // somebody has removed it already
    }
  }
}
