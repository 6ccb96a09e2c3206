import type { Board, BoardConfig, BoardHost } from './board.ts'
import { BoardError } from './board-error.ts'
import { NoneBoard } from './none/none-board.ts'

/**
 * Builds a board. A board that executes is loaded on demand and goes on building itself: see `Board.ready`.
 *
 * @throws {BoardError} kind `configuration`, if the board cannot be what the configuration asks for
 */
export async function createBoard(kind: Board['kind'], config: BoardConfig, _host: BoardHost): Promise<Board> {
  if (kind === 'none') return new NoneBoard(config)
  throw new BoardError('configuration', `there is no board of kind '${kind}' yet`)
}
