import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BoardError } from '../board/index.ts'
import { resolveInstalled } from '../installed/index.ts'

/**
 * Where the program of a board's thread is: in the package that this module is part of, or, for an application that a bundler
 * has put into one file, in the installed one.
 *
 * @throws {BoardError} kind `unavailable`, if it is in neither place
 */
export function workerProgram(): URL {
  const beside = ['../../../bin/board-thread.js', '../../bin/board-thread.js'].map(
    (path) => new URL(path, import.meta.url),
  )
  const found = beside.find((url) => existsSync(url))
  if (found !== undefined) return found
  try {
    const installed = resolveInstalled('vmon/package.json')
    return new URL('./bin/board-thread.js', pathToFileURL(installed))
  } catch (cause) {
    const reason = `the program of the machine's thread is not there: ${fileURLToPath(beside[0]!)}`
    const advice = 'an application bundled into one file needs the package vmon installed beside it'
    throw new BoardError('unavailable', `${reason}; ${advice}`, { cause })
  }
}
