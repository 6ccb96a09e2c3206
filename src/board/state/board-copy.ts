import { closeSync } from 'node:fs'
import type { Board } from '../board.ts'
import type { RamCopy } from './ram-pages.ts'

/** The whole of a board that stands still: devices and RAM, not the media. Any number of boards can begin with it. */
export interface BoardCopy {
  readonly devices: Uint8Array
  /** It is being copied: the board stands still until it is. */
  readonly ram: Promise<RamCopy>
}

/**
 * Copies a board: its devices, and by then no request to a medium is on its way; RAM while its surroundings go on with what
 * they have to do.
 *
 * @throws {BoardError} kind `unavailable`, if the board runs
 */
export async function copyBoard(board: Pick<Board, 'saveDevices' | 'copyRam'>): Promise<BoardCopy> {
  const devices = await board.saveDevices()
  const ram = board.copyRam()
  ram.catch(() => undefined) // who begins with it is told
  return { devices, ram }
}

/** Lets go of a copy that no other board is going to begin with. */
export async function forgetCopy({ ram }: BoardCopy): Promise<void> {
  const copy = await ram.catch(() => undefined)
  if (copy !== undefined && 'descriptor' in copy) closeSync(copy.descriptor)
}

/**
 * Lets a board, which must stand still and be like the copied one, go on from where that one stood.
 *
 * @throws {BoardError} kind `state`, if it is not like it; kind `unavailable`, if it runs
 */
export async function pasteBoard(
  board: Pick<Board, 'restoreDevices' | 'pasteRam'>,
  { devices, ram }: BoardCopy,
): Promise<void> {
  await board.restoreDevices(devices)
  await board.pasteRam(await ram)
}
