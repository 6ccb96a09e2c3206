import type { Board } from '../board.ts'
import type { RamPages } from './ram-pages.ts'

/** The whole of a board that stands still: devices and RAM, not the media. Any number of boards can begin with it. */
export interface BoardCopy {
  readonly devices: Uint8Array
  readonly ram: RamPages
}

/** @throws {BoardError} kind `unavailable`, if the board runs */
export async function copyBoard(board: Pick<Board, 'saveDevices' | 'copyRam'>): Promise<BoardCopy> {
  const devices = await board.saveDevices()
  return { devices, ram: await board.copyRam() }
}

/**
 * Lets a board, which must stand still and be like the copied one, go on from where that one stood.
 *
 * @throws {BoardError} kind `state`, if it is not like it; kind `unavailable`, if it runs
 */
export async function pasteBoard(
  board: Pick<Board, 'restoreDevices' | 'writePages' | 'ramBytes'>,
  { devices, ram }: BoardCopy,
): Promise<void> {
  await board.restoreDevices(devices)
  await board.writePages(0, board.ramBytes, ram)
}
