/** Programs that tests need and `npm` does not bring; `tools/setup-peers` installs them. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Why a test must be skipped: the first of the programs that is not in PATH; false if all are. */
export function missingProgram(...programs: readonly string[]): string | false {
  const missing = programs.find((program) => !inPath(program))
  return missing === undefined ? false : `${missing} is not installed (tools/setup-peers installs it)`
}

function inPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)))
}

/** Why a test must be skipped: the file that it reads is not there; false if it is. */
export function missingFile(path: string, debianPackage: string): string | false {
  try {
    accessSync(path, constants.R_OK)
    return false
  } catch {
    return `${path} is missing (Debian package ${debianPackage}; tools/setup-peers installs it)`
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
