import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { readWholeFile } from '../../files/index.ts'
import { usualFirmwareFolders } from './firmware.ts'

/** Where distributions put the boot loaders of network cards (iPXE), beside firmware. */
const romFolders = ['/usr/lib/ipxe/qemu', '/usr/share/qemu/ipxe', '/usr/share/ipxe/qemu'] as const
/** More than any card's ROM has. */
export const mostOptionRomBytes = 16 << 20

/** A file of a card's ROM: a path, or a name in one of the folders of firmware. */
export interface OptionRomFile {
  readonly path: string
  readonly byteLength: number
}

/**
 * Finds the file of a card's ROM, as QEMU does.
 *
 * @param folders - that come before the usual ones (-L)
 * @returns undefined if there is none that can be read
 */
export function findOptionRom(name: string, folders: readonly string[]): OptionRomFile | undefined {
  for (const folder of ['', ...folders, ...usualFirmwareFolders, ...romFolders]) {
    const path = join(folder, name)
    const byteLength = lengthOf(path)
    if (byteLength !== undefined) return { path, byteLength }
  }
  return undefined
}

/** Reads it. @returns undefined if there is none any more, or it is none to read whole */
export async function readOptionRom(name: string, folders: readonly string[]): Promise<Uint8Array | undefined> {
  const file = findOptionRom(name, folders)
  if (file === undefined) return undefined
  try {
    return await readWholeFile(file.path, { limit: mostOptionRomBytes })
  } catch {
    return undefined // a card without a boot loader is still a card
  }
}

/** What a folder holds has no end; a pipe that nobody writes to is opened at once, and empty. */
function lengthOf(path: string): number | undefined {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return undefined // the next place is looked at
  }
  try {
    const stats = fstatSync(file)
    return stats.isDirectory() ? Number.POSITIVE_INFINITY : stats.size
  } finally {
    closeSync(file)
  }
}
