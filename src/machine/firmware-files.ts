import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type FirmwareFile, readOptionRom, smbiosFiles } from '../board/index.ts'
import { deviceModels } from '../devices/index.ts'
import { reasonText } from '../errno/index.ts'
import type { MachineConfig } from './config.ts'
import { ConfigError } from './config-error.ts'

/**
 * The files that the configuration gives to the firmware and the guest: those that were asked for, and the tables that
 * say what the machine is.
 *
 * @throws {ConfigError} in QEMU's words, and GLib's, if a file is not there, or none that could be read whole
 */
export async function readFirmwareFiles(config: MachineConfig): Promise<readonly FirmwareFile[]> {
  const { machine, ramBytes, fwCfg, smbios } = config
  const asked = [...(await Promise.all(fwCfg.map(readFirmwareFile))), ...(await bootLoadersOf(config))]
  if (machine === 'none') return asked // without RAM there is nothing to tell of
  return [...asked, ...smbiosFiles({ ramBytes, uuid: uuidBytes(config), settings: smbios })]
}

/**
 * Boot loaders of cards whose ROM has no place on the bus: the firmware finds them among its files. That of a model's own
 * may be missing.
 */
async function bootLoadersOf({ machine, cards, devices, firmware }: MachineConfig): Promise<readonly FirmwareFile[]> {
  if (machine === 'none') return []
  const files: FirmwareFile[] = []
  for (const { model, properties } of [...cards, ...devices]) {
    const { rombar, romfile = '' } = properties
    if (rombar !== 0 || romfile === '') continue
    const data = await readOptionRom(String(romfile), firmware.folders)
    if (data !== undefined) files.push({ name: `genroms/${basename(String(romfile))}`, data })
    else if (romfile !== deviceModels[model]?.rom)
      throw new ConfigError([`Could not open option rom '${romfile}': No such file or directory`])
  }
  return files
}

/** The machine's UUID, in the order in which it is written. */
export function uuidBytes({ uuid }: Pick<MachineConfig, 'uuid'>): Uint8Array | undefined {
  return uuid === undefined ? undefined : new Uint8Array(Buffer.from(uuid.replaceAll('-', ''), 'hex'))
}

async function readFirmwareFile({ name, contents, origin }: MachineConfig['fwCfg'][number]): Promise<FirmwareFile> {
  if ('text' in contents) return { name, data: new TextEncoder().encode(contents.text) }
  const path = contents.file
  const refused = (why: string, cause?: unknown): ConfigError =>
    ConfigError.at(origin, `can't load ${path}: ${why}`, cause)
  try {
    const about = await stat(path)
    if (about.isDirectory()) throw refused(`Error reading file “${path}”: Is a directory`)
    if (!about.isFile()) throw refused(`Error reading file “${path}”: it is not a regular file`)
    return { name, data: new Uint8Array(await readFile(path)) }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw refused(`Failed to open file “${path}”: ${reasonText(cause)}`, cause)
  }
}
