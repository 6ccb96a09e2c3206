import type { Board, BoardConfig } from '../board.ts'
import { BoardError } from '../board-error.ts'
import { usualVgaSlot } from '../pci/pc-functions.ts'

/** What two boards must have in common, so that one can take the other's state. */
export interface BoardShape {
  /** Which board, and the version of its emulator: states are its internals. */
  readonly board: string
  readonly ramBytes: number
  readonly vga: boolean
  readonly serialPorts: number
  /** Where there are drives, and of which kind, in order. */
  readonly drives: readonly string[]
  /** Further devices, in order. */
  readonly devices: readonly string[]
}

/**
 * @param version of what executes
 * @param devices that are plugged in now
 */
export function shapeOf(
  kind: Board['kind'],
  version: string,
  config: ShapedConfig,
  devices: readonly string[],
): BoardShape {
  const { ramBytes, vga, serialPorts, drives, videoCard, acpi } = config
  const vgaSlot = videoCard?.slot ?? usualVgaSlot
  const places = drives.map(({ slot, kind: what }) =>
    slot.bus === 'ide' ? `${what} at ide${slot.channel}.${slot.unit}` : `${what} at floppy${slot.unit}`,
  )
  return {
    board: `${kind} ${version}`.trim(),
    ramBytes,
    vga,
    serialPorts,
    drives: places.sort(),
    devices: [
      ...devices,
      ...(vgaSlot === usualVgaSlot ? [] : [`VGA in slot ${vgaSlot}`]),
      ...(acpi === false ? ['no power management'] : []),
    ],
  }
}

type ShapedConfig = Pick<BoardConfig, 'ramBytes' | 'vga' | 'videoCard' | 'serialPorts' | 'acpi'> & {
  readonly drives: readonly Pick<BoardConfig['drives'][number], 'slot' | 'kind'>[]
}

/** @throws {BoardError} kind `state`, naming the first thing in which a state's board differs from this one */
export function requireShape(own: BoardShape, other: Partial<Record<keyof BoardShape, unknown>>): void {
  for (const name of Object.keys(own) as (keyof BoardShape)[]) {
    const [mine, theirs] = [JSON.stringify(own[name]), JSON.stringify(other[name])]
    if (mine !== theirs) {
      throw new BoardError('state', `the state is of another board: its ${name} is ${theirs}, this one's is ${mine}`)
    }
  }
}
