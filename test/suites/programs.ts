import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Puts vmon into a folder under the name of one of QEMU's programs: see `as-qemu.ts`.
 *
 * @param name `qemu-img`, or what an emulator of QEMU's is called
 * @returns the program's path
 */
export async function writeProgram(folder: string, name: string): Promise<string> {
  const preload = fileURLToPath(new URL('as-qemu.js', import.meta.url))
  return writeScript(folder, name, `VMON_AS=${name} exec '${process.execPath}' --import '${preload}' '${vmon}'`)
}

/** Puts vmon, as it is, into a folder under another name. @returns the program's path */
export function writePlainProgram(folder: string, name: string): Promise<string> {
  return writeScript(folder, name, `exec '${process.execPath}' '${vmon}'`)
}

const vmon = fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url))

async function writeScript(folder: string, name: string, command: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, `#!/bin/sh\n${command} "$@"\n`)
  await chmod(file, 0o755)
  return file
}
