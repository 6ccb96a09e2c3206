import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CpioEntry, writeCpio } from './cpio-archive.ts'

/** Writes a CD that is an archive of programs: `cpio -id </dev/sr0` unpacks it. */
export async function writeArchiveCd(path: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const archive = writeCpio(
    Object.entries(files).map(([name, data]): CpioEntry => ({ name, mode: 0o100755, links: 1, device: [0, 0], data })),
  )
  await writeFile(path, Buffer.concat([archive, Buffer.alloc(2048 - (archive.length % 2048))]))
}

/** The files of a folder, by their names. */
export async function filesOf(folder: string): Promise<Record<string, Uint8Array>> {
  const names = await readdir(folder)
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))])))
}
