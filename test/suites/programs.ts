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
  const vmon = fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url))
  const file = join(folder, name)
  await writeFile(file, `#!/bin/sh\nVMON_AS=${name} exec '${process.execPath}' --import '${preload}' '${vmon}' "$@"\n`)
  await chmod(file, 0o755)
  return file
}
