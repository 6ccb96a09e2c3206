import { dirname, join } from 'node:path'
import { readWholeFileNow } from '../../files/index.ts'
import { resolveInstalled } from '../../installed/index.ts'
import type { Logger } from '../../log/index.ts'
import type { BoardConfig } from '../board.ts'
import { BoardError } from '../board-error.ts'

/** Where distributions put SeaBIOS, the usual place first. */
export const usualFirmwareFolders: readonly string[] = [
  '/usr/share/seabios',
  '/usr/share/qemu',
  '/usr/share/qemu-kvm',
  '/usr/local/share/qemu',
]
/** More than any firmware has. */
const mostBytes = 16 << 20
const biosNames = ['bios-256k.bin', 'bios.bin']
const vgaBiosNames = ['vgabios-stdvga.bin', 'vgabios.bin']
/** The npm package that carries a copy of both. */
const packagedFirmware = { name: 'v86-system/package.json', bios: 'assets/seabios.bin', vgaBios: 'assets/vgabios.bin' }

export interface FirmwareSearch {
  /** -bios: a path, or a name in one of the folders. */
  readonly bios: string | undefined
  /** -L: folders that come before the usual ones. */
  readonly folders: readonly string[]
}

/**
 * Finds the system and the video BIOS: `-bios` and `-L` first, then where distributions put SeaBIOS, then the copy in an
 * npm package. Log item `firmware` tells which ones are used.
 *
 * It reads at once: these are two small files, each asynchronous step would take longer than both, and at a start somebody
 * waits for the greeting.
 *
 * @throws {BoardError} kind `configuration`, if `-bios` names no readable image, or there is none at all
 */
export function findFirmware({ bios, folders }: FirmwareSearch, log: Logger): BoardConfig['firmware'] {
  const places = [...folders, ...usualFirmwareFolders]
  const system = bios === undefined ? firstOf(places, biosNames) : firstOf(['', ...places], [bios])
  if (bios !== undefined && (system === undefined || !isBios(system.image))) {
    throw new BoardError('configuration', `could not load PC BIOS '${bios}'`)
  }
  const found = system ?? packaged('bios')
  if (found === undefined) throw new BoardError('configuration', "could not load PC BIOS 'bios-256k.bin'")
  log.log('firmware', 'system BIOS', { path: found.path })
  return { bios: found.image, vgaBios: findVgaBios(folders, log) }
}

/** Finds the video BIOS in the same way, without the system BIOS. */
export function findVgaBios(folders: FirmwareSearch['folders'], log: Logger): Uint8Array | undefined {
  const found = firstOf([...folders, ...usualFirmwareFolders], vgaBiosNames) ?? packaged('vgaBios')
  if (found !== undefined) log.log('firmware', 'video BIOS', { path: found.path })
  return found?.image
}

/** The image of a system BIOS fills segments of 64 KiB. */
function isBios({ length }: Uint8Array): boolean {
  return length > 0 && length % 65536 === 0
}

interface FoundImage {
  readonly path: string
  readonly image: Uint8Array
}

function firstOf(folders: readonly string[], names: readonly string[]): FoundImage | undefined {
  for (const folder of folders) {
    for (const name of names) {
      const path = join(folder, name)
      const image = readable(path)
      if (image !== undefined) return { path, image }
    }
  }
  return undefined
}

function readable(path: string): Uint8Array | undefined {
  try {
    return readWholeFileNow(path, { limit: mostBytes })
  } catch {
    return undefined // the next place is looked at
  }
}

function packaged(kind: 'bios' | 'vgaBios'): FoundImage | undefined {
  let folder: string
  try {
    folder = dirname(resolveInstalled(packagedFirmware.name))
  } catch {
    return undefined // the package is optional
  }
  return firstOf([folder], [packagedFirmware[kind]])
}
