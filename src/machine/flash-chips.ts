import { BlockError, type Drive, type DriveConfig, type DriveSet } from '../block/index.ts'
import type { FlashRange } from '../board/index.ts'
import type { ExtraDevice, FlashImage } from '../devices/index.ts'
import type { Asked, MachineConfig } from './config.ts'
import { ConfigError } from './config-error.ts'

/** A flash chip of the machine, and the drive that has what it holds. */
export interface FlashChip extends FlashRange {
  readonly path: string
  readonly drive: Drive
}

const blockBytes = 0x1000
const mostBytes = 8 << 20
/** As much of the firmware is in its shadow below 1 MiB when the machine starts, as it is of a BIOS. */
const lowBytes = 0x40000
const spaceEnd = 2 ** 32

/** What the chips are called where the machine has them, and where their drives are said. */
const chips = [0, 1].map((unit) => ({ unit, setting: `pflash${unit}`, name: `system.flash${unit}` }))

export function pathOfFlash(name: string): string {
  return `/machine/${name}`
}

/** Whether a machine is to have its firmware in flash, and so needs no BIOS. */
export function hasFlash({ flash, drives }: Pick<MachineConfig, 'flash' | 'drives'>): boolean {
  return (
    flash.some((backend) => backend !== undefined && backend !== '') ||
    drives.some((drive) => drive.interface === 'pflash')
  )
}

/**
 * Gives the chips that -machine names drives for these drives, or ones of their own for nodes.
 *
 * @throws {ConfigError} in QEMU's words, if there is no such drive, or another device has it
 */
export async function connectNamedFlash(drives: DriveSet, { flash }: Pick<MachineConfig, 'flash'>): Promise<void> {
  for (const { unit, name } of chips) {
    const backend = flash[unit]
    if (backend === undefined || backend === '') continue
    const position = { bus: 0, unit }
    const device = { model: 'cfi.pflash01', path: pathOfFlash(name), backend, position } as const
    try {
      await drives.addDevice(device)
    } catch (error) {
      if (error instanceof BlockError) throw ConfigError.at(undefined, error.message, error)
      throw error
    }
  }
}

/**
 * The flash chips of a machine, the first one at the end of the address space; their drives are theirs from now on.
 *
 * @param opened - what became of the drives that were asked for
 * @throws {ConfigError} in QEMU's words, if a chip cannot be as its drive is
 */
export async function flashChips(
  drives: DriveSet,
  machine: MachineConfig['machine'],
  opened: ReadonlyMap<DriveConfig & Asked, Drive>,
): Promise<readonly FlashChip[]> {
  const own = [...opened].filter(([, { place }]) => place.interface === 'pflash')
  const [orphan] = own
  if (machine === 'none') {
    if (orphan === undefined) return []
    const [{ origin }, { place }] = orphan
    throw ConfigError.at(origin, `machine type does not support if=pflash,bus=${place.bus},unit=${place.unit}`)
  }
  for (const [{ origin }, drive] of own) {
    const path = pathOfFlash(chips[drive.place.unit]!.name)
    if (driveOf(drives, path) !== undefined) throw ConfigError.at(origin, 'clashes with -machine')
    bytesOf(drive)
    await drive.connect({ model: 'cfi.pflash01', path, place: drive.place })
  }
  return placed(drives)
}

/** The chips one below the other. */
function placed(drives: DriveSet): readonly FlashChip[] {
  const [first, second] = chips.map(({ name }) => driveOf(drives, pathOfFlash(name)))
  if (first === undefined && second !== undefined) throw ConfigError.at(undefined, 'pflash1 requires pflash0')
  const made: FlashChip[] = []
  let address = spaceEnd
  for (const [index, { name }] of chips.entries()) {
    const drive = [first, second][index]
    if (drive === undefined) continue
    const bytes = bytesOf(drive)
    address -= bytes
    if (spaceEnd - address > mostBytes)
      throw ConfigError.at(undefined, `combined size of system firmware exceeds ${mostBytes} bytes`)
    made.push({ name, path: pathOfFlash(name), address, bytes, drive })
  }
  return made
}

function bytesOf({ id, node }: Drive): number {
  if (node === undefined) throw ConfigError.at(undefined, `can't get size of block device ${id}: No medium found`)
  const { length } = node
  if (length > 0 && length % blockBytes === 0) return length
  throw new ConfigError([
    `system firmware block device ${id} has invalid size ${length}`,
    `info: its size must be a non-zero multiple of 0x${blockBytes.toString(16)}`,
  ])
}

function driveOf(drives: DriveSet, path: string): Drive | undefined {
  return [...drives].find(({ device }) => device?.path === path)
}

/** What the firmware in flash shows below 1 MiB: the end of the first chip. @throws {BlockError} if it cannot be read */
export async function lowFirmware([first]: readonly FlashChip[]): Promise<Uint8Array | undefined> {
  if (first === undefined) return undefined
  const length = Math.min(first.bytes, lowBytes)
  return first.drive.node!.read(first.bytes - length, length)
}

/** A chip as the board has it. */
export function flashDevice({ path }: FlashChip): ExtraDevice {
  return { model: 'cfi.pflash01', id: undefined, path, place: { bus: 'System' }, properties: {} }
}

/**
 * What a device that is a flash chip holds; the result throws for all others.
 *
 * @throws {BlockError} if it cannot be read
 */
export async function flashImage(
  chips: readonly FlashChip[],
  { path }: Pick<ExtraDevice, 'path'>,
): Promise<() => FlashImage> {
  const chip = chips.find((one) => one.path === path)
  if (chip === undefined)
    return () => {
      throw new Error(`${path} is no flash memory`)
    }
  const { address, bytes, drive } = chip
  const image: FlashImage = {
    address,
    contents: new Uint8Array(await drive.node!.read(0, bytes)),
    readOnly: drive.node!.readOnly,
    write: async (offset, changed) => drive.node?.write(offset, changed), // the drive can have been deleted
  }
  return () => image
}
