import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BoardError } from '../board/index.ts'
import { resolveInstalled } from '../installed/index.ts'

/**
 * Where the program of a board's thread is: beside this module, or, for an application that a bundler has put into one
 * file, in the installed package.
 *
 * @throws {BoardError} kind `unavailable`, if it is in neither place
 */
export function workerProgram(): URL {
  const beside = new URL('./worker.js', import.meta.url)
  if (existsSync(beside)) return beside
  try {
    const installed = resolveInstalled('vmon/package.json')
    return new URL('./dist/src/devices/worker.js', pathToFileURL(installed))
  } catch (cause) {
    const reason = `the program of the machine's thread is not there: ${fileURLToPath(beside)}`
    const advice = 'an application bundled into one file needs the package vmon installed beside it'
    throw new BoardError('unavailable', `${reason}; ${advice}`, { cause })
  }
}
