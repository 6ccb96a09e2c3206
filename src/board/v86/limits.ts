import type { BoardConfig } from '../board.ts'
import { BoardError } from '../board-error.ts'

const mebibyte = 1 << 20
/** v86 keeps RAM in one block of at most 2 GiB, less what it rounds away. */
const largestRam = 2040 * mebibyte

/** @throws {BoardError} kind `configuration`, if the configuration asks for what this board cannot be */
export function checkConfig({ ramBytes }: BoardConfig): void {
  if (ramBytes > largestRam) {
    throw new BoardError('configuration', `this board can have ${largestRam / mebibyte} MiB of RAM at the most`)
  }
}
