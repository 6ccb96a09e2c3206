import { type BoardFiles, readBoardFiles } from '../board-config.ts'
import type { Start } from './start.ts'

/**
 * Begins to read firmware and kernel, while images and sockets are opened. Whose complaint is the first stays the same: it
 * is heard when the board is built.
 */
export function boardFiles({ config, log }: Start): { readonly boardFiles: Promise<BoardFiles> } {
  const files = readBoardFiles(config, log)
  files.catch(() => undefined)
  return { boardFiles: files }
}
