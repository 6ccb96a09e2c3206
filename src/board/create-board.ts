import type { Board, BoardConfig, BoardHost } from './board.ts'
import { NoneBoard } from './none/none-board.ts'

/**
 * Builds a board. A board that executes is loaded on demand and goes on building itself: see `Board.ready`.
 *
 * @throws {BoardError} kind `configuration`, if the board cannot be what the configuration asks for
 */
export async function createBoard(kind: Board['kind'], config: BoardConfig, host: BoardHost): Promise<Board> {
  if (kind === 'none') return new NoneBoard(config)
  const { createV86Board } = await import('./v86/host.ts')
  return createV86Board(config, host)
}
