import type { Board, BoardConfig, BoardHost } from './board.ts'
import type { BoardDevices, GuestSides } from './bus/guest-device.ts'
import { NoneBoard } from './none/none-board.ts'

/**
 * Builds a board. A board that executes is loaded on demand and goes on building itself: see `Board.ready`.
 *
 * @param devices - that can be plugged in
 * @throws {BoardError} kind `configuration`, if the board cannot be what the configuration asks for; `unavailable`, if the
 *   program of its thread is not there
 */
export async function createBoard(
  kind: Board['kind'],
  config: BoardConfig,
  host: BoardHost,
  devices: BoardDevices,
): Promise<Board> {
  if (kind === 'none') return new NoneBoard(config, devices.guests)
  const { createV86Board } = await import('./v86/host.ts')
  return createV86Board(config, host, devices.worker)
}

/** The program of a board's worker, which knows these devices. It comes back when the board is built, and serves on. */
export async function runBoardThread(guests: GuestSides): Promise<void> {
  const thread = await import('./v86/board-thread.ts')
  thread.runBoardThread(guests)
}
